/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record.c - vmctl record and vmctl replay: transcripts of GuestRPC, as transcript(5) has them
 *
 * The file is opened with the rights of whoever asks; vmd sends lines over the connection.  A replay needs
 * no daemon: the model runs here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "host/base/fd.h"
#include "host/model/transcript.h"
#include "host/vmctl/vmctl.h"

static int fault(const char *path)
{
	complain("%s: %s", path, strerror(errno));
	return CTL_CODE_FAILED;
}

/* Until the VM's process hangs up, or we are ended by a signal. */
static int stream_save(int from, int to, const char *path)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0) {
		ssize_t done = 0, w = 0;

		for (; done < n && w >= 0; done += w)
			w = write(to, buf + done, (size_t)(n - done));
		if (w < 0)
			return fault(path);
	}
	return n < 0 ? fault("the connection to vmd") : 0;
}

int run_record(const struct options *o, int argc, char **argv)
{
	struct ctl_request req = { .type = CTL_RECORD };
	struct json_object *answer;
	struct connection c;
	_autoclose_ int fd = -1;
	int err = argc == 2 ? name_set(&req, argv[0]) : verb_usage();

	if (err)
		return err;
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return fault(argv[1]);
	err = connection_open(o, 0, &c);
	if (err)
		return err;
	err = connection_send(&c, &req);
	if (!err)
		err = connection_answer(&c, &answer);
	if (!err) {
		json_object_put(answer);
		err = stream_save(c.fd, fd, argv[1]);
	}
	connection_close(&c);
	return err;
}

int run_replay(const struct options *o, int argc, char **argv)
{
	char error[TRANSCRIPT_ERROR_MAX];
	struct transcript *t;
	unsigned long number = 0;
	_autofree_ char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int err = 0;
	FILE *f;

	if (argc != 1)
		return verb_usage();
	f = fopen(argv[0], "re");
	if (!f)
		return fault(argv[0]);
	t = transcript_new();
	/* a line without an end is one that the recording broke off in */
	while (t && !err && (len = getline(&line, &room, f)) > 0 && line[len - 1] == '\n') {
		number++;
		err = transcript_line(t, line, (size_t)len - 1, error);
	}
	if (t && !err)
		err = transcript_end(t, error);
	if (!t)
		complain("%s", strerror(ENOMEM));
	else if (err)
		complain("%s:%lu: %s", argv[0], number, error);
	else
		printf("%lu lines, as recorded\n", number);
	transcript_free(t);
	fclose(f);
	return t && !err ? 0 : CTL_CODE_FAILED;
}
