/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device.c - the transport over the driver's /dev/vmt
 *
 * The descriptor is non-blocking: for TCLO it is polled by the main loop; for RPCI write() waits for
 * the reply by itself, so that read() never has to.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <uapi/vmt.h>

#include "lib/channel.h"

static void set_errno(GError **error, int err, const char *what)
{
	VmtError code = VMT_ERROR_IO;

	switch (err) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		code = VMT_ERROR_NOT_VMWARE;
		break;
	case EACCES:
	case EPERM:
		code = VMT_ERROR_ACCESS;
		break;
	case EBUSY:
	case ENOSPC:
		code = VMT_ERROR_BUSY;
		break;
	case ETIMEDOUT:
		code = VMT_ERROR_TIMEOUT;
		break;
	case EMSGSIZE:
	case EOVERFLOW:
		code = VMT_ERROR_TOO_BIG;
		break;
	}
	g_set_error(error, VMT_ERROR, code, "%s: %s", what, g_strerror(err));
}

/* As set_errno() for a channel that was open: losing the device or the channel is one thing there */
static void set_io_errno(GError **error, int err)
{
	if (err == ENODEV || err == ECONNRESET)
		g_set_error(error, VMT_ERROR, VMT_ERROR_CLOSED, VMT_DEVICE ": %s", g_strerror(err));
	else
		set_errno(error, err, VMT_DEVICE);
}

static gboolean device_open(VmtChannel *ch, const char *arg, GError **error)
{
	struct vmt_open how = {
		.channel = ch->proto == VMT_PROTO_RPCI ? VMT_CHANNEL_RPCI : VMT_CHANNEL_TCLO,
	};
	int fd = open(VMT_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		set_errno(error, errno, VMT_DEVICE);
		return FALSE;
	}
	if (ioctl(fd, VMT_IOC_OPEN, &how) < 0) {
		int err = errno;

		close(fd);
		if (err == EBUSY)
			g_set_error_literal(error, VMT_ERROR, VMT_ERROR_BUSY,
					    VMT_DEVICE ": another program owns the TCLO channel");
		else
			set_errno(error, err, VMT_DEVICE);
		return FALSE;
	}
	ch->priv = GINT_TO_POINTER(fd);
	return TRUE;
}

static int device_fd(VmtChannel *ch)
{
	return GPOINTER_TO_INT(ch->priv);
}

static gboolean device_send(VmtChannel *ch, const guint8 *buf, gsize len, GError **error)
{
	ssize_t n;

	do {
		n = write(device_fd(ch), buf, len);
	} while (n < 0 && errno == EINTR);
	/* A lost TCLO channel is the driver's to repair, and the answer in hand is nobody's any more */
	if (n >= 0 || (ch->proto == VMT_PROTO_TCLO && (errno == ECONNRESET || errno == ENOMSG)))
		return TRUE;
	set_io_errno(error, errno);
	return FALSE;
}

static int device_receive(VmtChannel *ch, GByteArray *into, GError **error)
{
	ssize_t n;

	g_byte_array_set_size(into, VMT_MESSAGE_MAX);
	do {
		n = read(device_fd(ch), into->data, into->len);
	} while (n < 0 && errno == EINTR);
	g_byte_array_set_size(into, n > 0 ? n : 0);
	if (n >= 0)
		return 1;
	if (errno == EAGAIN || errno == ENODATA)
		return 0;
	set_io_errno(error, errno);
	return -1;
}

static gboolean device_declare_power(VmtChannel *ch, VmtPower op)
{
	struct vmt_power power = {
		.op = op == VMT_POWER_OP_HALT ? VMT_POWER_HALT :
		      op == VMT_POWER_OP_REBOOT ? VMT_POWER_REBOOT : VMT_POWER_NONE,
	};

	return ioctl(device_fd(ch), VMT_IOC_POWER_PENDING, &power) == 0;
}

static gboolean device_keep_clock_off(VmtChannel *ch, gboolean on)
{
	struct vmt_keep_off keep_off = { .on = on ? 1 : 0 };

	return ioctl(device_fd(ch), VMT_IOC_CLOCK_KEEP_OFF, &keep_off) == 0;
}

static void device_close(VmtChannel *ch)
{
	close(device_fd(ch));
	ch->priv = NULL;
}

const struct vmt_transport vmt_transport_device = {
	.name = "vmt",
	.open = device_open,
	.send = device_send,
	.receive = device_receive,
	.fd = device_fd,
	.declare_power = device_declare_power,
	.keep_clock_off = device_keep_clock_off,
	.close = device_close,
};
