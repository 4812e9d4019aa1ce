/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client of org.vfpool1 that does what no decent one does: tests/bus.sh.
 *
 *	load CLIENTS PER-SECOND SECONDS	claims and releases, offered at that rate whatever the
 *					answers are; prints what they were, and how late
 *	fuzz CALLS SEED			calls with arguments that are none
 *	big BYTES			one call with that much text in it
 *	gone CALLS			calls, and leaves without waiting for an answer
 *	claim KEY=VALUE…		one claim; prints the name of the error and its words.
 *					Those that are numbers go as int64.
 *
 * Exits with 1 when an answer is an error that it may not be.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MANAGER	    "org.vfpool1", "/org/vfpool1", "org.vfpool1.Manager"
#define MAX_ANSWERS 200000
#define N_DOMAINS   4 /* of one client */

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static sd_bus *open_bus(void)
{
	sd_bus *bus = NULL;
	int rc = sd_bus_open_system(&bus);

	if (rc < 0) {
		fprintf(stderr, "system bus: %s\n", strerror(-rc));
		exit(1);
	}
	return bus;
}

/* --- load ------------------------------------------------------------------------------------- */

/* What all clients count together. */
struct tally {
	_Atomic unsigned int n_offered, n_done, n_capacity, n_busy, n_wrong, n_late;
	uint32_t late_us[MAX_ANSWERS];
};

struct offer {
	struct tally *tally;
	int64_t sent_us;
};

static int on_answer(sd_bus_message *reply, void *opaque, sd_bus_error *error)
{
	struct offer *offer = opaque;
	struct tally *tally = offer->tally;
	const sd_bus_error *said = sd_bus_message_get_error(reply);
	unsigned int place = tally->n_late++;

	if (place < MAX_ANSWERS)
		tally->late_us[place] = (uint32_t)(now_us() - offer->sent_us);
	free(offer);
	if (!said)
		tally->n_done++;
	else if (!strcmp(said->name, "org.vfpool1.Error.NoCapacity"))
		tally->n_capacity++;
	else if (!strcmp(said->name, "org.vfpool1.Error.Busy"))
		tally->n_busy++;
	else if (tally->n_wrong++ < 3)
		fprintf(stderr, "%s: %s\n", said->name, said->message);
	return 0;
}

static void offer_call(sd_bus *bus, struct tally *tally, unsigned int client, unsigned int n)
{
	struct offer *offer = malloc(sizeof(*offer));
	char uuid[40];
	int rc;

	snprintf(uuid, sizeof(uuid), "%08x-0000-4000-8000-%012x", client + 1, n / 2 % N_DOMAINS);
	*offer = (struct offer){tally, now_us()};
	if (n % 2 == 0)
		rc = sd_bus_call_method_async(bus, NULL, MANAGER, "Claim", on_answer, offer,
					      "a{sv}", 3, "uuid", "s", uuid, "pool", "s", "sriov0",
					      "ttl", "u", 5);
	else
		rc = sd_bus_call_method_async(bus, NULL, MANAGER, "Release", on_answer, offer, "ss",
					      uuid, "");
	if (rc < 0) {
		fprintf(stderr, "cannot send: %s\n", strerror(-rc));
		exit(1);
	}
	tally->n_offered++;
}

static void run_client(struct tally *tally, unsigned int client, unsigned int per_second,
		       unsigned int seconds)
{
	sd_bus *bus = open_bus();
	const int64_t start = now_us(), pause_us = 1000000 / per_second;
	const unsigned int n_all = per_second * seconds;
	unsigned int n = 0;

	while (n < n_all || tally->n_late < tally->n_offered) {
		const int64_t due = start + n * pause_us, now = now_us();

		if (n < n_all && now >= due) {
			offer_call(bus, tally, client, n++);
			continue;
		}
		if (sd_bus_process(bus, NULL) > 0)
			continue;
		sd_bus_wait(bus, n < n_all ? (uint64_t)(due - now) : 100000);
		if (now > start + (seconds + 60) * INT64_C(1000000))
			break;
	}
	sd_bus_flush_close_unref(bus);
}

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static int load(unsigned int n_clients, unsigned int per_second, unsigned int seconds)
{
	struct tally *tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const int64_t start = now_us();
	unsigned int n;

	for (unsigned int i = 0; i < n_clients; i++)
		if (fork() == 0) {
			run_client(tally, i, per_second / n_clients, seconds);
			exit(0);
		}
	while (wait(NULL) > 0)
		;
	n = tally->n_late < MAX_ANSWERS ? tally->n_late : MAX_ANSWERS;
	qsort(tally->late_us, n, sizeof(uint32_t), compare_numbers);
	printf("%u calls offered in %.1f s: %u done, %u no capacity, %u busy, %u wrong, %u without "
	       "answer\n",
	       tally->n_offered, (double)(now_us() - start) / 1e6, tally->n_done, tally->n_capacity,
	       tally->n_busy, tally->n_wrong, tally->n_offered - tally->n_late);
	if (n)
		printf("latency, ms: median %.1f, 95 %% %.1f, 99 %% %.1f, max %.1f\n",
		       tally->late_us[n / 2] / 1e3, tally->late_us[n * 95ul / 100] / 1e3,
		       tally->late_us[n * 99ul / 100] / 1e3, tally->late_us[n - 1] / 1e3);
	return tally->n_wrong || tally->n_late < tally->n_offered || !tally->n_done;
}

/* --- fuzz ------------------------------------------------------------------------------------- */

static const char *const members[] = {"Claim", "Release", "Check", "Who",     "Doctor",
				      "Hold",  "Unhold",  "Scrub", "Nothing", "GetAll"};
static const char *const keys[] = {"uuid", "domain", "pool",  "physnet", "portgroup", "mac",
				   "vlan", "numa",   "count", "ttl",	 "",	      "\xc3\xa4"};
static const char *const words[] = {
	"",
	"sriov0",
	"blue",
	"ens1f0#0",
	"00000000-0000-0000-0000-000000000001",
	"physnet1",
	"52:54:00:00:00:01",
	"ff:ff:ff:ff:ff:ff",
	"\xc3\xa4\xe2\x82\xac",
	"\n\t\x1b[2J",
	"-1",
	"%s%n",
	"../../etc",
	"ens1f0#4294967296",
};

static const char *one_of(const char *const *texts, size_t n)
{
	return texts[(size_t)rand() % n];
}

/* A basic value of any type, or an array of arrays. */
static void append_value(sd_bus_message *m, const char *type)
{
	const uint64_t number = rand() % 3 ? (uint64_t)rand() % 5 : (uint64_t)rand() << 33 | 7;

	if (*type == 's')
		sd_bus_message_append(m, "s", one_of(words, VFP_N(words)));
	else if (*type == 'd')
		sd_bus_message_append(m, "d", (double)number);
	else if (*type == 'a')
		sd_bus_message_append(m, "aas", 1, 1, "x");
	else
		sd_bus_message_append_basic(m, *type, &number);
}

static void append_random(sd_bus_message *m)
{
	static const char *const types[] = {"s", "y", "n", "q", "i",  "u",
					    "x", "t", "b", "d", "aas"};
	const unsigned int form = (unsigned int)rand() % 4;

	if (form < 2) { /* a dictionary */
		sd_bus_message_open_container(m, 'a', "{sv}");
		for (int i = rand() % 8; i > 0; i--) {
			const char *type = rand() % 2 ? "s" : one_of(types, VFP_N(types));

			sd_bus_message_open_container(m, 'e', "sv");
			sd_bus_message_append(m, "s", one_of(keys, VFP_N(keys)));
			sd_bus_message_open_container(m, 'v', type);
			append_value(m, type);
			sd_bus_message_close_container(m);
			sd_bus_message_close_container(m);
		}
		sd_bus_message_close_container(m);
		return;
	}
	for (int i = rand() % 4; i > 0; i--)
		append_value(m, form == 2 ? "s" : one_of(types, VFP_N(types)));
}

/* An answer may be one, or an error with a name of ours or of D-Bus. */
static bool is_wrong(int rc, const sd_bus_error *error)
{
	if (rc >= 0)
		return false;
	return strncmp(error->name, "org.vfpool1.Error.", 18) != 0 &&
	       strcmp(error->name, SD_BUS_ERROR_INVALID_ARGS) != 0 &&
	       strcmp(error->name, SD_BUS_ERROR_UNKNOWN_METHOD) != 0 &&
	       strcmp(error->name, SD_BUS_ERROR_UNKNOWN_PROPERTY) != 0 &&
	       strcmp(error->name, SD_BUS_ERROR_UNKNOWN_INTERFACE) != 0 &&
	       strcmp(error->name, SD_BUS_ERROR_UNKNOWN_OBJECT) != 0;
}

static int fuzz(unsigned int n_calls, unsigned int seed)
{
	unsigned int n_done = 0, n_wrong = 0;
	sd_bus *bus = open_bus();

	srand(seed);
	for (unsigned int i = 0; i < n_calls; i++) {
		sd_bus_error error = SD_BUS_ERROR_NULL;
		sd_bus_message *m = NULL, *reply = NULL;
		const char *member = one_of(members, VFP_N(members));
		int rc;

		sd_bus_message_new_method_call(bus, &m, MANAGER, member);
		append_random(m);
		rc = sd_bus_call(bus, m, 0, &error, &reply);
		n_done += rc >= 0;
		if (is_wrong(rc, &error) && n_wrong++ < 5)
			fprintf(stderr, "%s: %s: %s\n", member,
				error.name ? error.name : strerror(-rc),
				error.message ? error.message : "");
		sd_bus_error_free(&error);
		sd_bus_message_unref(reply);
		sd_bus_message_unref(m);
	}
	printf("%u calls, seed %u: %u were answered, %u errors have no name of ours\n", n_calls,
	       seed, n_done, n_wrong);
	sd_bus_flush_close_unref(bus);
	return n_wrong > 0;
}

/* --- big, gone -------------------------------------------------------------------------------- */

static int big(unsigned int size)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus *bus = open_bus();
	char *text = malloc(size + 1);
	int rc;

	memset(text, 'x', size);
	text[size] = '\0';
	rc = sd_bus_call_method(bus, MANAGER, "Claim", &error, NULL, "a{sv}", 2, "uuid", "s", text,
				"pool", "s", "sriov0");
	printf("%s: %.80s\n", error.name ? error.name : "no error",
	       error.message ? error.message : "");
	rc = rc >= 0 || is_wrong(rc, &error);
	sd_bus_error_free(&error);
	sd_bus_flush_close_unref(bus);
	free(text);
	return rc;
}

static int gone(unsigned int n_calls)
{
	struct tally *tally = calloc(1, sizeof(*tally));
	sd_bus *bus = open_bus();

	for (unsigned int i = 0; i < n_calls; i++)
		offer_call(bus, tally, 99, i);
	sd_bus_flush(bus);
	_exit(0);
}

/* --- claim ------------------------------------------------------------------------------------ */

static void append_pair(sd_bus_message *m, char *pair)
{
	static const char *const numbers[] = {"vlan", "numa", "count", "ttl"};
	const char *key = strsep(&pair, "=");
	bool is_number = false;

	for (size_t i = 0; i < VFP_N(numbers); i++)
		is_number = is_number || !strcmp(key, numbers[i]);
	if (is_number)
		sd_bus_message_append(m, "{sv}", key, "x", (int64_t)strtoll(pair, NULL, 10));
	else
		sd_bus_message_append(m, "{sv}", key, "s", pair);
}

static int claim(char **pairs)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus *bus = open_bus();
	sd_bus_message *m = NULL;
	int rc;

	sd_bus_message_new_method_call(bus, &m, MANAGER, "Claim");
	sd_bus_message_open_container(m, 'a', "{sv}");
	for (; *pairs; pairs++)
		append_pair(m, *pairs);
	sd_bus_message_close_container(m);
	rc = sd_bus_call(bus, m, 0, &error, NULL);
	printf("%s: %s\n", error.name ? error.name : strerror(-rc),
	       error.message ? error.message : "");
	sd_bus_error_free(&error);
	sd_bus_message_unref(m);
	sd_bus_flush_close_unref(bus);
	return rc < 0;
}

int main(int argc, char **argv)
{
	unsigned int numbers[3] = {0};

	for (int i = 2; i < argc && i < 5; i++)
		numbers[i - 2] = (unsigned int)strtoul(argv[i], NULL, 10);
	if (argc == 5 && !strcmp(argv[1], "load"))
		return load(numbers[0], numbers[1], numbers[2]);
	if (argc == 4 && !strcmp(argv[1], "fuzz"))
		return fuzz(numbers[0], numbers[1]);
	if (argc == 3 && !strcmp(argv[1], "big"))
		return big(numbers[0]);
	if (argc == 3 && !strcmp(argv[1], "gone"))
		return gone(numbers[0]);
	if (argc > 2 && !strcmp(argv[1], "claim"))
		return claim(argv + 2);
	fputs("usage: bus-client load CLIENTS PER-SECOND SECONDS | fuzz CALLS SEED | big BYTES | gone CALLS |"
	      " claim KEY=VALUE...\n",
	      stderr);
	return 2;
}
