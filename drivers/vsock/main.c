/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * main.c - vmsock.ko: vSockets over VMCI
 *
 * The order of load and, reversed, of unload.  Files of sockets and of the device node hold the
 * module, so at unload there are only sockets that are about to be freed; they are waited for.
 * vsock.h has the states, the references and the locks.
 */
#include <linux/module.h>
#include <net/sock.h>

#include "vsock.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

struct vsk_stats vsk_stats;
struct workqueue_struct *vsk_wq;

static int __init vmsock_init(void)
{
	int err = -ENOMEM;

	vsk_table_init();
	vsk_wq = alloc_workqueue("vmsock", WQ_UNBOUND, 0);
	if (!vsk_wq)
		return err;
	err = proto_register(&vsk_proto, 1);
	if (err)
		goto undo_wq;
	err = vsk_packet_init();
	if (err)
		goto undo_proto;
	err = vsk_family_init();
	if (err)
		goto undo_packet;
	err = vsk_show_init();
	if (err)
		goto undo_family;
	err = vsk_control_init();
	if (err)
		goto undo_show;
	return 0;

undo_show:
	vsk_show_exit();
undo_family:
	vsk_family_exit();
undo_packet:
	vsk_packet_exit();
	vsk_sock_drain();
undo_proto:
	proto_unregister(&vsk_proto);
undo_wq:
	destroy_workqueue(vsk_wq);
	return err;
}

static void __exit vmsock_exit(void)
{
	vsk_control_exit();
	vsk_show_exit();
	vsk_family_exit();
	vsk_packet_exit();
	vsk_sock_drain();
	proto_unregister(&vsk_proto);
	destroy_workqueue(vsk_wq);
}

module_init(vmsock_init);
module_exit(vmsock_exit);

MODULE_DESCRIPTION("vSockets over VMCI");
MODULE_AUTHOR("the vmtkit developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
