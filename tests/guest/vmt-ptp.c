/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmt-ptp.c - the PTP clock of vmt.ko as chrony and its like use it
 *
 *	vmt-ptp /dev/ptpN	its promises, against a guest whose clock is right; TAP
 *	vmt-ptp /dev/ptpN offset	the offset of the narrowest of 25 samples and its width, in ns
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <linux/ptp_clock.h>

#define NS_PER_S	1000000000ll
#define NEAR_NS		(2 * NS_PER_S)		/* beyond it the driver would have set the clock */
#define CLOCK_OF(fd)	((~(clockid_t)(fd) << 3) | 3)

static void say(bool ok, const char *sentence)
{
	printf("%sok - %s\n", ok ? "" : "not ", sentence);
}

static int64_t ns(const struct ptp_clock_time *t)
{
	return t->sec * NS_PER_S + t->nsec;
}

static bool fails(int r, int err)
{
	if (r < 0 && errno == err)
		return true;
	printf("# returned %d, %s\n", r, strerror(errno));
	return false;
}

static bool samples(int fd, struct ptp_sys_offset_extended *s)
{
	memset(s, 0, sizeof(*s));
	s->n_samples = PTP_MAX_SAMPLES;
	if (ioctl(fd, PTP_SYS_OFFSET_EXTENDED, s) == 0)
		return true;
	printf("# PTP_SYS_OFFSET_EXTENDED: %s\n", strerror(errno));
	return false;
}

/* Host minus guest by the narrowest sample; its width goes to @ret_width_ns. */
static int64_t narrowest(const struct ptp_sys_offset_extended *s, int64_t *ret_width_ns)
{
	int64_t before, after, offset = 0;
	unsigned int i;

	*ret_width_ns = INT64_MAX;
	for (i = 0; i < s->n_samples; i++) {
		before = ns(&s->ts[i][0]);
		after = ns(&s->ts[i][2]);
		if (after < before || after - before >= *ret_width_ns)
			continue;
		*ret_width_ns = after - before;
		offset = ns(&s->ts[i][1]) - before - *ret_width_ns / 2;
	}
	return offset;
}

static bool told(int fd)
{
	struct ptp_sys_offset_extended s;
	int64_t width, offset, last = 0;
	unsigned int i;

	if (!samples(fd, &s))
		return false;
	offset = narrowest(&s, &width);
	printf("# the narrowest of %u samples is %" PRId64 " ns wide; host minus guest %" PRId64 " ns\n",
	       s.n_samples, width, offset);
	for (i = 0; i < s.n_samples; i++) {
		if (ns(&s.ts[i][1]) < last || ns(&s.ts[i][0]) > ns(&s.ts[i][2]))
			return false;
		last = ns(&s.ts[i][1]);
	}
	return width > 0 && width < NS_PER_S && offset > -NEAR_NS && offset < NEAR_NS;
}

static bool not_set(int fd)
{
	struct timespec now;
	struct timex step = { .modes = ADJ_SETOFFSET, .time = { .tv_sec = 1 } };
	struct timex turn = { .modes = ADJ_FREQUENCY, .freq = 1 << 16 };

	if (clock_gettime(CLOCK_OF(fd), &now))
		return false;
	return fails(clock_settime(CLOCK_OF(fd), &now), EOPNOTSUPP) &
	       fails(clock_adjtime(CLOCK_OF(fd), &step), EOPNOTSUPP) &
	       (clock_adjtime(CLOCK_OF(fd), &turn) < 0);
}

static bool offers_nothing(int fd)
{
	struct ptp_clock_caps caps;

	return ioctl(fd, PTP_CLOCK_GETCAPS, &caps) == 0 && !caps.max_adj && !caps.n_alarm &&
	       !caps.n_ext_ts && !caps.n_per_out && !caps.pps && !caps.n_pins;
}

static int print_offset(int fd)
{
	struct ptp_sys_offset_extended s;
	int64_t width, offset;

	if (!samples(fd, &s))
		return 1;
	offset = narrowest(&s, &width);
	printf("%" PRId64 " %" PRId64 "\n", offset, width);
	return 0;
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0) {
		fprintf(stderr, "usage: vmt-ptp /dev/ptpN [offset]\n");
		return 64;
	}
	if (argc > 2)
		return print_offset(fd);
	say(told(fd), "each sample of the PTP clock lies between two looks at the guest's");
	say(not_set(fd), "the PTP clock can be neither set nor steered");
	say(offers_nothing(fd), "and claims nothing else");
	return 0;
}
