/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay.c - main() of a fuzz target when there is no libFuzzer: runs given files, and files of
 * given folders, once each, and says how many there were
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int runs;

static int replay_file(const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "rb");
	uint8_t *buf = NULL;
	int err = -1;

	if (!f || fstat(fileno(f), &st) < 0)
		goto out;
	buf = malloc(st.st_size ? (size_t)st.st_size : 1);
	if (!buf || fread(buf, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		goto out;
	LLVMFuzzerTestOneInput(buf, (size_t)st.st_size);
	runs++;
	err = 0;
out:
	if (err)
		perror(path);
	free(buf);
	if (f)
		fclose(f);
	return err;
}

static int replay_dir(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	int err = dir ? 0 : -1;

	while (dir && (e = readdir(dir))) {
		char *file = NULL;

		if (e->d_name[0] == '.')
			continue;
		if (asprintf(&file, "%s/%s", path, e->d_name) < 0 || replay_file(file) < 0)
			err = -1;
		free(file);
	}
	if (dir)
		closedir(dir);
	return err;
}

int main(int argc, char **argv)
{
	int i, err = 0;

	for (i = 1; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st) < 0) {
			perror(argv[i]);
			err = -1;
		} else if (S_ISDIR(st.st_mode) ? replay_dir(argv[i]) : replay_file(argv[i])) {
			err = -1;
		}
	}
	printf("%s: %u inputs replayed\n", argv[0], runs);
	return err || !runs;
}
