/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs commands in turns and prints how long each took: all of them in every round, so that what
 * else the machine does meets all alike.
 *
 *	turns ROUNDS <ROWS
 *
 * A row is "LABEL<TAB>STDIN<TAB>[NAME=VALUE<TAB>]PROGRAM<TAB>ARGUMENT…".  Times are of the wall clock, from before
 * posix_spawn() until the child is reaped.  A LABEL of "-" is run and not timed; any child that
 * does not exit with 0 ends the run, since what failed was not measured.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define MAX_ROWS 64
#define MAX_ARGS 16

extern char **environ;

struct row {
	char *label, *input;
	char *variable; /* of the environment; NULL: none */
	char *argv[MAX_ARGS];
	double *times_ms;
};

static size_t read_rows(struct row *rows, size_t rounds);
static double run(const struct row *row);
static int compare(const void *a, const void *b);

int main(int argc, char **argv)
{
	struct row rows[MAX_ROWS] = {{NULL}};
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	size_t n;

	if (rounds == 0) {
		fprintf(stderr, "usage: turns ROUNDS <ROWS\n");
		return 2;
	}
	n = read_rows(rows, rounds);
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < n; i++)
			rows[i].times_ms[round] = run(&rows[i]);
	for (size_t i = 0; i < n; i++) {
		double *times = rows[i].times_ms;

		if (!strcmp(rows[i].label, "-"))
			continue;
		qsort(times, rounds, sizeof(*times), compare);
		printf("%s\t%.3f\t%.3f\t%.3f\n", rows[i].label, times[rounds / 10],
		       times[rounds / 2], times[rounds * 99 / 100]);
	}
	return 0;
}

static size_t read_rows(struct row *rows, size_t rounds)
{
	char *line = NULL;
	size_t room = 0, n = 0;

	while (n < MAX_ROWS && getline(&line, &room, stdin) > 0) {
		char *rest = strdup(line);
		size_t n_args = 0;

		rest[strcspn(rest, "\n")] = '\0';
		rows[n].label = strsep(&rest, "\t");
		rows[n].input = strsep(&rest, "\t");
		while (rest && n_args < MAX_ARGS - 1)
			rows[n].argv[n_args++] = strsep(&rest, "\t");
		if (n_args > 1 && strchr(rows[n].argv[0], '=')) {
			rows[n].variable = rows[n].argv[0];
			memmove(rows[n].argv, rows[n].argv + 1, n_args * sizeof(char *));
		}
		rows[n].times_ms = calloc(rounds, sizeof(double));
		n++;
	}
	free(line);
	return n;
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double run(const struct row *row)
{
	posix_spawn_file_actions_t actions;
	double start;
	int status = 0, rc;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, row->input, O_RDONLY, 0);
	if (row->variable)
		putenv(row->variable);
	start = now_ms();
	rc = posix_spawn(&pid, row->argv[0], &actions, NULL, row->argv, environ);
	if (rc == 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	start = now_ms() - start;
	posix_spawn_file_actions_destroy(&actions);
	if (rc != 0 || status != 0) {
		fprintf(stderr, "turns: %s (%s): %s %d\n", row->label, row->argv[0],
			rc ? strerror(rc) : "ended with status", status);
		exit(1);
	}
	return start;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}
