/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * option.c - socket options of stream sockets, at the level of the family
 *
 * The three sizes are 64-bit and in bytes; they count for connections that are made later.  Who sets
 * SIZE or MIN gets that or no connection; else memory that runs short makes queues smaller.  Options
 * that only ESX has, and the one that Linux never had (TRUSTED), get ENOPROTOOPT.  Values go to and
 * from user space through the stack, never straight from the socket.
 */
#include <linux/module.h>
#include <linux/sockptr.h>
#include <linux/uaccess.h>

#include "vsock.h"

#define OPT_BUFFER_SIZE			0
#define OPT_BUFFER_MIN_SIZE		1
#define OPT_BUFFER_MAX_SIZE		2
#define OPT_CONNECT_TIMEOUT_OLD		6
#define OPT_CONNECT_TIMEOUT_NEW		8

static int set_size(struct vsk_sock *vsk, int name, sockptr_t val, unsigned int len)
{
	u64 size;

	if (len < sizeof(size))
		return -EINVAL;
	if (copy_from_sockptr(&size, val, sizeof(size)))
		return -EFAULT;
	lock_sock(&vsk->sk);
	vsk_sizes_set(&vsk->sizes,
		      name == OPT_BUFFER_SIZE ? VSK_SIZE :
		      name == OPT_BUFFER_MIN_SIZE ? VSK_SIZE_MIN : VSK_SIZE_MAX, size);
	if (name != OPT_BUFFER_MAX_SIZE)
		vsk->sized = true;
	release_sock(&vsk->sk);
	return 0;
}

/* Zero is the default, as is nothing below a tick. */
static int set_timeout(struct vsk_sock *vsk, int name, sockptr_t val, unsigned int len)
{
	struct __kernel_sock_timeval tv;
	s64 timeout;
	int err;

	err = sock_copy_user_timeval(&tv, val, len, name == OPT_CONNECT_TIMEOUT_OLD);
	if (err)
		return err;
	if (tv.tv_sec < 0 || tv.tv_usec < 0 || tv.tv_usec >= USEC_PER_SEC ||
	    tv.tv_sec >= MAX_SCHEDULE_TIMEOUT / HZ - 1)
		return -ERANGE;
	timeout = tv.tv_sec * HZ + DIV_ROUND_UP((unsigned long)tv.tv_usec, USEC_PER_SEC / HZ);
	if (!timeout)
		timeout = msecs_to_jiffies(VSOCK_CONNECT_TIMEOUT_MS);
	lock_sock(&vsk->sk);
	vsk->connect_timeout = timeout;
	release_sock(&vsk->sk);
	return 0;
}

int vsk_setsockopt(struct socket *sock, int level, int name, sockptr_t val, unsigned int len)
{
	struct vsk_sock *vsk = vsk_sk(sock->sk);

	if (level != vsk->sk.sk_family)
		return -ENOPROTOOPT;
	switch (name) {
	case OPT_BUFFER_SIZE:
	case OPT_BUFFER_MIN_SIZE:
	case OPT_BUFFER_MAX_SIZE:
		return set_size(vsk, name, val, len);
	case OPT_CONNECT_TIMEOUT_OLD:
	case OPT_CONNECT_TIMEOUT_NEW:
		return set_timeout(vsk, name, val, len);
	}
	return -ENOPROTOOPT;
}

/* A connection's size is the one that was negotiated. */
static u64 get_size(struct vsk_sock *vsk, int name)
{
	u64 size;

	lock_sock(&vsk->sk);
	switch (name) {
	case OPT_BUFFER_MIN_SIZE:
		size = vsk->sizes.min;
		break;
	case OPT_BUFFER_MAX_SIZE:
		size = vsk->sizes.max;
		break;
	default:
		size = vsk->qp ? vsk->qp_size : vsk->sizes.size;
		break;
	}
	release_sock(&vsk->sk);
	return size;
}

int vsk_getsockopt(struct socket *sock, int level, int name, char __user *val, int __user *ulen)
{
	struct vsk_sock *vsk = vsk_sk(sock->sk);
	union {
		u64 size;
		struct __kernel_old_timeval old_tv;
		struct __kernel_sock_timeval tv;
	} v;
	int len, have;

	if (level != vsk->sk.sk_family)
		return -ENOPROTOOPT;
	if (get_user(len, ulen))
		return -EFAULT;
	memset(&v, 0, sizeof(v));
	switch (name) {
	case OPT_BUFFER_SIZE:
	case OPT_BUFFER_MIN_SIZE:
	case OPT_BUFFER_MAX_SIZE:
		v.size = get_size(vsk, name);
		have = sizeof(v.size);
		break;
	case OPT_CONNECT_TIMEOUT_OLD:
	case OPT_CONNECT_TIMEOUT_NEW:
		have = sock_get_timeout(READ_ONCE(vsk->connect_timeout), &v,
					name == OPT_CONNECT_TIMEOUT_OLD);
		break;
	default:
		return -ENOPROTOOPT;
	}
	if (have < 0)
		return have;
	if (len < have)
		return -EINVAL;
	if (copy_to_user(val, &v, have) || put_user(have, ulen))
		return -EFAULT;
	return 0;
}
