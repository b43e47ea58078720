/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - vmd's command line, its configuration, and how it becomes a daemon
 *
 * A daemon is ready when its socket answers: the process that was started waits for that, and fails
 * with the daemon's message when it does not come to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "host/base/fd.h"
#include "host/base/log.h"
#include "host/vmd/vm_process.h"
#include "host/vmd/vmd.h"
#include "host/vmm/qemu_args.h"
#include "host/vmm/qemu_version.h"

#define CONF_FILE_ROOT	"/etc/vm.conf"
#define CONF_FILE_USER	"vmtkit/vm.conf"	/* below XDG_CONFIG_HOME or ~/.config */
#define STATE_DIR_ROOT	"/var/lib/vmd"

struct options {
	int foreground, check_only, verbose;
	const char *file, *socket;
	struct conf_macros macros;
};

/* Write end of the pipe to the process that waits for us; -1: nobody waits. */
static int ready_fd = -1;

static void usage(FILE *to)
{
	fputs("usage: vmd [-dnv] [-D macro=value] [-f file] [-s socket]\n", to);
}

static void help(void)
{
	usage(stdout);
	fputs("\n"
	      "  -D macro=value  define a macro for the configuration file\n"
	      "  -d              stay in the foreground and log to standard error\n"
	      "  -f file         configuration file\n"
	      "  -n              only check the configuration\n"
	      "  -s socket       control socket\n"
	      "  -v              log more; twice for still more\n"
	      "  --help          show this\n"
	      "  --version       show the version\n", stdout);
}

static void conf_fault(void *data, const char *line)
{
	log_error("%s", line);
}

static int macro_option(struct options *o, const char *text)
{
	char *name = strdup(text), *value = name ? strchr(name, '=') : NULL;
	int err = -EINVAL;

	if (value) {
		*value++ = '\0';
		err = conf_macro_set(&o->macros, name, value, 1);
	}
	free(name);
	if (err)
		log_error("-D %s: must be name=value, with a name of letters, digits and underscores",
			  text);
	return err;
}

/* 0 to go on, or the exit status + 1 */
static int options_parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "+D:df:ns:v", longs, NULL)) != -1) {
		switch (c) {
		case 'D':
			if (macro_option(o, optarg))
				return 3;
			break;
		case 'd':
			o->foreground = 1;
			break;
		case 'f':
			o->file = optarg;
			break;
		case 'n':
			o->check_only = 1;
			break;
		case 's':
			if (!*optarg) {
				log_error("-s must name a socket");
				return 3;
			}
			o->socket = optarg;
			break;
		case 'v':
			o->verbose++;
			break;
		case 'h':
			help();
			return 1;
		case 'V':
			puts("vmd (" PACKAGE_NAME ") " PACKAGE_VERSION);
			return 1;
		default:
			usage(stderr);
			return 3;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 3;
	}
	return 0;
}

/* The configuration file when none is named. */
static const char *conf_file_default(char *buf, size_t size)
{
	const char *dir = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (!geteuid())
		return CONF_FILE_ROOT;
	if (dir && *dir == '/')
		snprintf(buf, size, "%s/%s", dir, CONF_FILE_USER);
	else
		snprintf(buf, size, "%s/.config/%s", home ? home : "", CONF_FILE_USER);
	return buf;
}

/* Without the suffix of the socket, so that daemons on different sockets do not share a folder. */
static char *state_dir_default(const char *socket, bool named)
{
	const char *dot = strrchr(socket, '.');
	char *dir = NULL;

	if (!geteuid() && !named)
		return strdup(STATE_DIR_ROOT);
	if (dot && !strcmp(dot, ".sock"))
		return strndup(socket, (size_t)(dot - socket));
	return asprintf(&dir, "%s.d", socket) < 0 ? NULL : dir;
}

static int qemu_check(const struct qemu_spec *spec)
{
	struct qemu_program program;
	struct qemu_version version;
	char text[ENGINE_TEXT_MAX];
	int err = qemu_program_find(spec, &program, text, sizeof(text));

	if (!err) {
		err = qemu_version_ask(program.start.argv, program.binary, NULL, &version, text,
				       sizeof(text));
		if (!err)
			err = qemu_version_check(&version, program.binary, text, sizeof(text));
		qemu_program_done(&program);
	}
	if (err)
		log_error("%s", text);
	return err;
}

static int files_check(const struct conf *conf)
{
	const struct conf_vm *v;
	char text[ENGINE_TEXT_MAX];
	int failed = 0;

	STAILQ_FOREACH(v, &conf->vms, link) {
		if (vm_spec_check(v->spec, text, sizeof(text)) < 0) {
			log_error("vm \"%s\": %s", v->spec->name, text);
			failed = 1;
		}
	}
	if (qemu_check(&conf->qemu) < 0)
		return 1;
	if (access(conf->qemu.plugin, R_OK) < 0) {
		log_error("plugin %s: %s; set plugin in vm.conf", conf->qemu.plugin, strerror(errno));
		return 1;
	}
	return failed;
}

/* The folder of the default socket of a user is ours to make. */
static int socket_find(const struct options *o, char path[PATH_MAX])
{
	char cwd[PATH_MAX];
	int err = 0, n;

	if (!o->socket) {
		err = ctl_socket_default(0, path, PATH_MAX);
	} else if (*o->socket == '/') {
		n = snprintf(path, PATH_MAX, "%s", o->socket);
		err = n >= PATH_MAX ? -ENAMETOOLONG : 0;
	} else {
		/* The daemon's folder is /. */
		n = getcwd(cwd, sizeof(cwd)) ? snprintf(path, PATH_MAX, "%s/%s", cwd, o->socket) : 0;
		err = n <= 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
	}
	if (err == -ENOENT)
		log_error("XDG_RUNTIME_DIR is not set, so there is no default for the control socket; "
			  "set it, or choose a socket with -s");
	else if (err)
		log_error("socket: %s", strerror(-err));
	if (!err && !o->socket && geteuid()) {
		snprintf(cwd, sizeof(cwd), "%s", path);
		*strrchr(cwd, '/') = '\0';
		err = dir_make(cwd, 0700);
		if (err)
			log_error("%s: %s", cwd, strerror(-err));
	}
	return err;
}

static void ready(void)
{
	int null;

	log_info("ready");
	if (ready_fd < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		log_warn("/dev/null: %s", strerror(errno));
	log_to_syslog();
	(void)!write(ready_fd, "", 1);
	fd_close(&ready_fd);
}

/* Returns in the daemon, with 0; the process that was started waits and ends here. */
static int daemonise(void)
{
	int fds[2], status;
	char byte;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		close(fds[0]);
		ready_fd = fds[1];
		setsid();
		return chdir("/") < 0 ? -errno : 0;
	}
	close(fds[1]);
	if (read(fds[0], &byte, 1) == 1)
		_exit(0);
	_exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static int conf_read(struct options *o, const char *socket, struct conf **ret)
{
	const struct conf_errors errors = { .line = conf_fault };
	char buf[PATH_MAX], absolute[2 * PATH_MAX];
	const char *file = o->file ? o->file : conf_file_default(buf, sizeof(buf));
	struct conf *conf;

	/* What the file names stands beside it, and the daemon's folder is /. */
	if (*file != '/' && !o->foreground && !o->check_only && getcwd(buf, sizeof(buf))) {
		snprintf(absolute, sizeof(absolute), "%s/%s", buf, file);
		file = absolute;
	}

	if (conf_load(file, &o->macros, &errors, &conf) < 0)
		return -EINVAL;
	if (!conf->state_dir)
		conf->state_dir = state_dir_default(socket, o->socket);
	if (!conf->qemu.plugin)
		conf->qemu.plugin = strdup(PKGLIBDIR "/backdoor.so");
	if (!conf->container)
		conf->container = strdup(PKGLIBEXECDIR "/vm-container");
	if (!conf->state_dir || !conf->qemu.plugin || !conf->container) {
		conf_free(conf);
		return -ENOMEM;
	}
	*ret = conf;
	return 0;
}

static int run(struct options *o)
{
	struct vmd d = { .level = (int)log_level() };
	char socket[PATH_MAX];
	int status;

	if (o->check_only) {
		if (conf_read(o, "", &d.conf) < 0)
			return 1;
		status = files_check(d.conf);
		if (!status)
			puts("configuration OK");
		conf_free(d.conf);
		return status;
	}
	if (socket_find(o, socket) < 0 || conf_read(o, socket, &d.conf) < 0)
		return 1;
	d.socket_path = socket;
	d.foreground = o->foreground;
	if (!o->foreground) {
		if (daemonise() < 0) {
			log_error("cannot become a daemon: %s", strerror(errno));
			return 1;
		}
	}
	status = vmd_run(&d, ready);
	conf_free(d.conf);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = { .macros = STAILQ_HEAD_INITIALIZER(o.macros) };
	int status;

	if (argc == 3 && !strcmp(argv[1], VM_PROCESS_ARG))
		return vm_process_main(atoi(argv[2]));
	log_init("vmd", LOG_LEVEL_INFO);
	status = options_parse(&o, argc, argv);		/* 0, or the exit status + 1 */
	if (!status) {
		log_init("vmd", o.verbose > 1 ? LOG_LEVEL_TRACE :
				o.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
		status = run(&o) + 1;
	}
	conf_macros_free(&o.macros);
	return status - 1;
}
