/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify.c - tells systemd how the service is
 *
 * One datagram each.  Not libsystemd's sd_notify(): the library with what it pulls in would cost the
 * agent more memory than all of its own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/notify.h"

static void send_text(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	gsize len = path ? strlen(path) : 0;
	int fd;

	if (!len || len >= sizeof(addr.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(addr.sun_path, path, len);
	if (*path == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&addr,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

void notify_status(gboolean ready, const char *format, ...)
{
	g_autofree char *status = NULL, *text = NULL;
	va_list args;

	va_start(args, format);
	status = g_strdup_vprintf(format, args);
	va_end(args);
	g_strdelimit(status, "\n", ' ');
	text = g_strdup_printf("%sSTATUS=%s", ready ? "READY=1\n" : "", status);
	send_text(text);
}

void notify_stopping(void)
{
	send_text("STOPPING=1");
}

static gboolean watchdog_due(gpointer data)
{
	send_text("WATCHDOG=1");
	return G_SOURCE_CONTINUE;
}

void notify_watchdog(void)
{
	const char *text = getenv("WATCHDOG_USEC");
	guint64 us;

	if (text && g_ascii_string_to_unsigned(text, 10, 2 * G_USEC_PER_SEC, G_MAXUINT32, &us, NULL))
		g_timeout_add_seconds((guint)(us / G_USEC_PER_SEC / 2), watchdog_due, NULL);
}
