/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many clients at once: each runs its commands one after the other, round and round, until the time
 * is over.
 *
 *	crowd SECONDS <ROWS
 *
 * A row is "CLIENT<TAB>STDIN<TAB>PROGRAM<TAB>ARGUMENT…"; the rows of a client stand together, and
 * it ends after its last row.  All are children of this one process, as a daemon's are.  Prints
 *
 *	CALLS PER SECOND, MEDIAN AND LONGEST CALL IN MS, FAIRNESS, FAILED CALLS
 *
 * separated by tabs.  Fairness is Jain's index of the clients' calls: 1 when all had as many, 1/N
 * when one had all.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define MAX_CLIENTS 1024
#define MAX_ROWS    16
#define MAX_ARGS    16

extern char **environ;

struct row {
	char *input;
	char *argv[MAX_ARGS];
};

struct client {
	char *name;
	struct row rows[MAX_ROWS];
	size_t n_rows, at;
	pid_t pid;
	double since_ms;
	size_t n_calls;
};

struct tally {
	double *times_ms;
	size_t n, room, n_failed;
};

static size_t read_clients(struct client *clients);
static void start(struct client *client);
static void reap(struct client *clients, size_t n, struct tally *tally);
static double now_ms(void);
static int compare(const void *a, const void *b);

static double fairness(const struct client *clients, size_t n)
{
	double sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++) {
		sum += (double)clients[i].n_calls;
		squares += (double)clients[i].n_calls * (double)clients[i].n_calls;
	}
	return squares > 0 ? sum * sum / ((double)n * squares) : 0;
}

int main(int argc, char **argv)
{
	static struct client clients[MAX_CLIENTS];
	const double seconds = argc == 2 ? strtod(argv[1], NULL) : 0;
	struct tally tally = {NULL, 0, 0, 0};
	double from, until;
	size_t n, left;

	if (seconds <= 0) {
		fprintf(stderr, "usage: crowd SECONDS <ROWS\n");
		return 2;
	}
	n = left = read_clients(clients);
	from = now_ms();
	for (size_t i = 0; i < n; i++)
		start(&clients[i]);
	while (left > 0) {
		reap(clients, n, &tally);
		left = 0;
		for (size_t i = 0; i < n; i++) {
			struct client *client = &clients[i];

			if (!client->pid && (now_ms() - from < seconds * 1e3 || client->at != 0))
				start(client);
			left += client->pid != 0;
		}
	}
	until = now_ms();
	qsort(tally.times_ms, tally.n, sizeof(double), compare);
	printf("%.1f\t%.1f\t%.1f\t%.3f\t%zu\n", (double)tally.n / (until - from) * 1e3,
	       tally.times_ms[tally.n / 2], tally.times_ms[tally.n - 1], fairness(clients, n),
	       tally.n_failed);
	return 0;
}

static size_t read_clients(struct client *clients)
{
	char *line = NULL;
	size_t room = 0, n = 0;

	while (n < MAX_CLIENTS && getline(&line, &room, stdin) > 0) {
		char *rest = strdup(line), *name;
		size_t n_args = 0;
		struct row *row;

		rest[strcspn(rest, "\n")] = '\0';
		name = strsep(&rest, "\t");
		if (n == 0 || strcmp(clients[n - 1].name, name) != 0)
			clients[n++].name = name;
		if (clients[n - 1].n_rows == MAX_ROWS)
			continue;
		row = &clients[n - 1].rows[clients[n - 1].n_rows++];
		row->input = strsep(&rest, "\t");
		while (rest && n_args < MAX_ARGS - 1)
			row->argv[n_args++] = strsep(&rest, "\t");
	}
	free(line);
	return n;
}

static void start(struct client *client)
{
	const struct row *row = &client->rows[client->at];
	posix_spawn_file_actions_t actions;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, row->input, O_RDONLY, 0);
	client->since_ms = now_ms();
	rc = posix_spawn(&client->pid, row->argv[0], &actions, NULL, row->argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc != 0) {
		fprintf(stderr, "crowd: %s: %s\n", row->argv[0], strerror(rc));
		exit(1);
	}
	client->at = (client->at + 1) % client->n_rows;
}

/* Waits for one child. */
static void reap(struct client *clients, size_t n, struct tally *tally)
{
	int status;
	pid_t pid;

	do
		pid = wait(&status);
	while (pid < 0 && errno == EINTR);
	for (size_t i = 0; i < n; i++) {
		if (clients[i].pid != pid)
			continue;
		clients[i].pid = 0;
		clients[i].n_calls++;
		tally->n_failed += status != 0;
		if (tally->n == tally->room) {
			tally->room = tally->room ? tally->room * 2 : 1024;
			tally->times_ms = realloc(tally->times_ms, tally->room * sizeof(double));
		}
		tally->times_ms[tally->n++] = now_ms() - clients[i].since_ms;
	}
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}
