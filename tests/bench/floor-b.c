/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Floor B: the least that a hook of this kind can do: parse the XML, open a netlink socket, commit
 * one row durably.  No choice, no checks, no journal, no second stage.
 *
 *	floor-b DATABASE <XML
 *
 * Built twice: with libxml2, which reads XML for most programs, and with expat.
 */
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>
#ifdef WITH_LIBXML
#include <libxml/parser.h>
#else
#include <expat.h>
#endif

static int parse(const char *text, size_t size)
{
#ifdef WITH_LIBXML
	xmlDocPtr doc = xmlReadMemory(text, (int)size, NULL, NULL, XML_PARSE_NONET);

	xmlFreeDoc(doc);
	return doc != NULL;
#else
	XML_Parser parser = XML_ParserCreate(NULL);
	int is_fine = XML_Parse(parser, text, (int)size, XML_TRUE) == XML_STATUS_OK;

	XML_ParserFree(parser);
	return is_fine;
#endif
}

int main(int argc, char **argv)
{
	static const char sql[] =
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"CREATE TABLE IF NOT EXISTS lease (domain, vf);"
		"BEGIN IMMEDIATE; INSERT INTO lease VALUES ('web1', 'ens1f0#1'); COMMIT";
	static char text[1 << 20];
	struct nl_sock *sock = nl_socket_alloc();
	ssize_t size = read(STDIN_FILENO, text, sizeof(text));
	sqlite3 *db = NULL;
	int is_fine;

	is_fine = argc == 2 && size > 0 && parse(text, (size_t)size) &&
		  nl_connect(sock, NETLINK_ROUTE) == 0 && sqlite3_open(argv[1], &db) == SQLITE_OK &&
		  sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
	sqlite3_close(db);
	nl_socket_free(sock);
	return !is_fine;
}
