/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vfpool-exporter(8): the metrics over HTTP, on a loopback address.  The only place that uses
 * libmicrohttpd; a program of its own, so that neither command nor service links a web server.
 *
 * One thread answers one request after the other; each answer is what vfpool metrics prints then.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/metrics.h"

#define MAX_CONNECTIONS 8
#define TIMEOUT_S	10

VFP_DEFINE_AUTO(pool, struct vfp_pool *, vfp_pool_close)

/* The whole answer, or the words of what failed. */
static int read_all(const struct vfp_host *host, char **ret_text, struct vfp_err *err)
{
	vfp_auto(pool) pool = NULL;
	struct vfp_metrics metrics;
	size_t size;
	FILE *out;
	int rc = vfp_pool_open(host, VFP_POOL_READ, &pool, err);

	if (rc == 0 || rc == -ENOENT)
		rc = vfp_metrics_read(host, pool, NULL, &metrics, err);
	if (rc < 0)
		return rc;
	out = open_memstream(ret_text, &size);
	if (!out)
		abort();
	vfp_metrics_write(&metrics, out);
	if (fclose(out) != 0)
		abort();
	vfp_metrics_free(&metrics);
	return 0;
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status,
			      const char *type, const char *text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result handle(void *data, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **state)
{
	vfp_autofree char *text = NULL;
	struct vfp_err err = {0};

	(void)version;
	(void)upload;
	(void)state;
	/* What somebody sends us we do not want, and it does not hurt. */
	*upload_size = 0;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
			      "GET /metrics is all there is\n");
	if (strcmp(url, "/metrics") != 0)
		return answer(connection, MHD_HTTP_NOT_FOUND, "text/plain",
			      "GET /metrics is all there is\n");
	if (read_all(data, &text, &err) < 0) {
		fprintf(stderr, "vfpool-exporter: %s\n", err.msg);
		return answer(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain",
			      "no metrics; see the log of vfpool-exporter\n");
	}
	return answer(connection, MHD_HTTP_OK, "text/plain; version=0.0.4", text);
}

/* "127.0.0.1:9469": the host's own addresses only, since nobody is asked who he is. */
static int parse_address(const char *text, struct sockaddr_in *ret, struct vfp_err *err)
{
	const char *colon = strrchr(text, ':');
	vfp_autofree char *address =
		vfp_format("%.*s", colon ? (int)(colon - text) : 0, colon ? text : "");
	uint64_t port;

	*ret = (struct sockaddr_in){.sin_family = AF_INET};
	if (!colon || inet_pton(AF_INET, address, &ret->sin_addr) != 1 ||
	    !vfp_number_parse(colon + 1, 0, UINT16_MAX, &port))
		return vfp_fail(err, EINVAL,
				"'%s': ADDRESS:PORT was expected, for example 127.0.0.1:9469",
				text);
	if (ntohl(ret->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
		return vfp_fail(
			err, EPERM,
			"%s is no loopback address (127.0.0.0/8): put a proxy that asks who it "
			"is before it",
			address);
	ret->sin_port = htons((uint16_t)port);
	return 0;
}

static int serve(struct vfp_host *host, struct sockaddr_in *address, struct vfp_err *err)
{
	const union MHD_DaemonInfo *info;
	struct MHD_Daemon *daemon;
	char text[INET_ADDRSTRLEN];
	sigset_t ends;
	int signal;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO,
				  ntohs(address->sin_port), NULL, NULL, handle, host,
				  MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_CONNECTION_LIMIT,
				  (unsigned int)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
				  (unsigned int)TIMEOUT_S, MHD_OPTION_END);
	inet_ntop(AF_INET, &address->sin_addr, text, sizeof(text));
	if (!daemon)
		return vfp_fail(err, EADDRINUSE, "%s:%u: cannot listen there", text,
				ntohs(address->sin_port));
	info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	printf("http://%s:%u/metrics\n", text, info ? info->port : ntohs(address->sin_port));
	fflush(stdout);
	sigwait(&ends, &signal);
	MHD_stop_daemon(daemon);
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address;
	struct vfp_host host;
	struct vfp_err err = {0};
	int rc;

	if (argc != 2 || argv[1][0] == '-') {
		fputs("usage: vfpool-exporter ADDRESS:PORT\n", stderr);
		return 2;
	}
	rc = parse_address(argv[1], &address, &err);
	if (rc == 0)
		rc = vfp_host_init(&host, getenv("VFPOOL_ROOT"), &err);
	if (rc == 0)
		rc = serve(&host, &address, &err);
	if (rc < 0)
		fprintf(stderr, "vfpool-exporter: %s\n", err.msg);
	return rc < 0;
}
