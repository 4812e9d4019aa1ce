/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/netlink.c: messages as the kernel makes them into values, values into the messages that it
 * takes, and, in a user and network namespace of its own, what the kernel of this host says to
 * both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/netlink.h"

#define N_VFS 3

/* What a message is made from: what the kernel puts in for one VF. */
struct vf_entry {
	uint32_t index;
	uint8_t mac[6];
	uint32_t vlan, qos;
	uint16_t proto;
	uint32_t spoofchk, trust, link_state, min_rate, max_rate;
	bool has_stats, lacks_dropped;
};

static const struct vf_entry entries[N_VFS] = {
	{.index = 0, .proto = 0x8100, .spoofchk = 1},
	{.index = 1,
	 .mac = {0x52, 0x54, 0, 1, 2, 3},
	 .vlan = 100,
	 .qos = 2,
	 .proto = 0x88a8,
	 .trust = 1,
	 .link_state = IFLA_VF_LINK_STATE_DISABLE,
	 .min_rate = 10,
	 .max_rate = 1000,
	 .has_stats = true},
	/* A driver that keeps neither spoof check nor trust: the kernel writes -1. */
	{.index = 2,
	 .proto = 0x8100,
	 .spoofchk = UINT32_MAX,
	 .trust = UINT32_MAX,
	 .has_stats = true,
	 .lacks_dropped = true},
};

static void put_stats(struct nl_msg *msg, const struct vf_entry *vf)
{
	const int n = vf->lacks_dropped ? IFLA_VF_STATS_MULTICAST : IFLA_VF_STATS_TX_DROPPED;
	struct nlattr *stats = nla_nest_start(msg, IFLA_VF_STATS);

	for (int type = 0; type <= n; type++)
		if (type != IFLA_VF_STATS_PAD)
			nla_put_u64(msg, type, 1000u + (unsigned int)type);
	nla_nest_end(msg, stats);
}

static void put_vf(struct nl_msg *msg, const struct vf_entry *vf)
{
	struct ifla_vf_mac mac = {.vf = vf->index};
	struct ifla_vf_vlan_info vlan = {vf->index, vf->vlan, vf->qos, htons(vf->proto)};
	struct ifla_vf_spoofchk spoofchk = {vf->index, vf->spoofchk};
	struct ifla_vf_trust trust = {vf->index, vf->trust};
	struct ifla_vf_link_state link_state = {vf->index, vf->link_state};
	struct ifla_vf_rate rate = {vf->index, vf->min_rate, vf->max_rate};
	struct ifla_vf_rss_query_en rss_query = {vf->index, vf->trust};
	struct ifla_vf_guid guid = {.vf = vf->index, .guid = vf->max_rate};
	struct nlattr *info = nla_nest_start(msg, IFLA_VF_INFO), *list;

	memcpy(mac.mac, vf->mac, sizeof(vf->mac));
	nla_put(msg, IFLA_VF_MAC, sizeof(mac), &mac);
	nla_put(msg, IFLA_VF_RATE, sizeof(rate), &rate);
	nla_put(msg, IFLA_VF_SPOOFCHK, sizeof(spoofchk), &spoofchk);
	nla_put(msg, IFLA_VF_LINK_STATE, sizeof(link_state), &link_state);
	nla_put(msg, IFLA_VF_TRUST, sizeof(trust), &trust);
	nla_put(msg, IFLA_VF_RSS_QUERY_EN, sizeof(rss_query), &rss_query);
	nla_put(msg, IFLA_VF_IB_NODE_GUID, sizeof(guid), &guid);
	guid.guid += vf->max_rate;
	nla_put(msg, IFLA_VF_IB_PORT_GUID, sizeof(guid), &guid);
	list = nla_nest_start(msg, IFLA_VF_VLAN_LIST);
	nla_put(msg, IFLA_VF_VLAN_INFO, sizeof(vlan), &vlan);
	nla_nest_end(msg, list);
	if (vf->has_stats)
		put_stats(msg, vf);
	nla_nest_end(msg, info);
}

/* A link message that says @num_vf and carries the first @n_entries. */
static struct nl_msg *link_message(uint32_t num_vf, size_t n_entries, bool has_list)
{
	const struct ifinfomsg link = {.ifi_index = 4};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	struct nlattr *list;

	nlmsg_append(msg, (void *)&link, sizeof(link), NLMSG_ALIGNTO);
	nla_put_string(msg, IFLA_IFNAME, "ens1f0");
	nla_put_u32(msg, IFLA_NUM_VF, num_vf);
	if (has_list) {
		list = nla_nest_start(msg, IFLA_VFINFO_LIST);
		for (size_t i = 0; i < n_entries; i++)
			put_vf(msg, &entries[i]);
		nla_nest_end(msg, list);
	}
	return msg;
}

static int parse(struct nl_msg *msg, struct vfp_attrs *attrs, size_t n, size_t *ret_n,
		 struct vfp_err *err)
{
	int rc = vfp_netlink_parse(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, "ens1f0", attrs, n,
				   ret_n, err);

	nlmsg_free(msg);
	return rc;
}

static void test_parse(void **state)
{
	const unsigned int all = (1u << VFP_N_ATTRS) - 1;
	struct vfp_attrs attrs[8];
	struct vfp_err err;
	size_t n;

	(void)state;
	memset(attrs, 0x77, sizeof(attrs));
	assert_int_equal(parse(link_message(N_VFS, N_VFS, true), attrs, 8, &n, &err), 0);
	assert_int_equal(n, N_VFS);
	for (int attr = 0; attr < VFP_N_ATTRS; attr++)
		assert_true(vfp_attr_equal((enum vfp_attr)attr, &attrs[0], &vfp_attrs_scrubbed));
	assert_int_equal(attrs[0].known, all);
	assert_false(attrs[0].has_counters);
	assert_int_equal(attrs[1].known, all);
	assert_memory_equal(attrs[1].mac.byte, entries[1].mac, 6);
	assert_int_equal(attrs[1].vlan, 100);
	assert_int_equal(attrs[1].qos, 2);
	assert_int_equal(attrs[1].vlan_proto, 0x88a8);
	assert_false(attrs[1].spoofchk);
	assert_true(attrs[1].trust);
	assert_int_equal(attrs[1].link_state, VFP_LINK_DISABLE);
	assert_int_equal(attrs[1].min_rate_mbps, 10);
	assert_int_equal(attrs[1].max_rate_mbps, 1000);
	assert_true(attrs[1].rss_query);
	assert_int_equal(attrs[1].node_guid, 1000);
	assert_int_equal(attrs[1].port_guid, 2000);
	assert_int_equal(attrs[2].known, all & ~(1u << VFP_ATTR_SPOOFCHK | 1u << VFP_ATTR_TRUST |
						 1u << VFP_ATTR_RSSQUERY));
	assert_false(attrs[2].spoofchk || attrs[2].trust);
}

static void test_parse_counters(void **state)
{
	struct vfp_attrs attrs[N_VFS];
	struct vfp_err err;
	size_t n;

	(void)state;
	assert_int_equal(parse(link_message(N_VFS, N_VFS, true), attrs, N_VFS, &n, &err), 0);
	assert_true(attrs[1].has_counters);
	assert_int_equal(attrs[1].counters.rx_packets, 1000 + IFLA_VF_STATS_RX_PACKETS);
	assert_int_equal(attrs[1].counters.tx_packets, 1000 + IFLA_VF_STATS_TX_PACKETS);
	assert_int_equal(attrs[1].counters.rx_broadcast, 1000 + IFLA_VF_STATS_BROADCAST);
	assert_int_equal(attrs[1].counters.rx_multicast, 1000 + IFLA_VF_STATS_MULTICAST);
	assert_int_equal(attrs[1].counters.rx_bytes, 1000 + IFLA_VF_STATS_RX_BYTES);
	assert_int_equal(attrs[1].counters.tx_bytes, 1000 + IFLA_VF_STATS_TX_BYTES);
	assert_int_equal(attrs[1].counters.rx_dropped, 1000 + IFLA_VF_STATS_RX_DROPPED);
	assert_int_equal(attrs[1].counters.tx_dropped, 1000 + IFLA_VF_STATS_TX_DROPPED);
	/* Older kernels had no dropped counters. */
	assert_true(attrs[2].has_counters);
	assert_int_equal(attrs[2].counters.rx_packets, 1000);
	assert_int_equal(attrs[2].counters.rx_dropped, 0);
}

static void test_parse_refused(void **state)
{
	static const struct {
		uint32_t num_vf;
		size_t n_entries;
		bool has_list;
		size_t room;
		int rc;
	} cases[] =
		{
			{0, 0, false, 0, 0},
			{0, 0, true, 8, 0},
			{3, 3, true, 2, -ENOBUFS},
			{3, 2, true, 8, -EMSGSIZE}, /* the list was cut */
			{3, 0, false, 8, -EMSGSIZE},
			{2, 3, true, 8, -EPROTO}, /* an index beyond the number */
		};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_attrs attrs[8];
		struct vfp_err err = {0};
		size_t n = 4711;

		assert_int_equal(
			parse(link_message(cases[i].num_vf, cases[i].n_entries, cases[i].has_list),
			      attrs, cases[i].room, &n, &err),
			cases[i].rc);
		assert_int_equal(n, cases[i].rc < 0 ? 4711 : cases[i].num_vf);
		if (cases[i].rc < 0)
			assert_memory_equal(err.msg, "ens1f0: ", 8);
	}
}

/* Cut at every byte and with every byte changed, nothing outside the message is read. */
static void test_parse_broken(void **state)
{
	struct nl_msg *msg = link_message(N_VFS, N_VFS, true);
	const size_t size = nlmsg_hdr(msg)->nlmsg_len;

	(void)state;
	for (size_t cut = 0; cut <= size; cut++) {
		vfp_autofree unsigned char *copy = vfp_alloc(cut, 1);
		struct vfp_attrs attrs[N_VFS];
		struct vfp_err err;
		uint32_t length = (uint32_t)cut;
		size_t n;
		int rc;

		memcpy(copy, nlmsg_hdr(msg), cut);
		if (cut >= sizeof(length))
			memcpy(copy, &length, sizeof(length));
		rc = vfp_netlink_parse(copy, cut, "ens1f0", attrs, N_VFS, &n, &err);
		if (rc == 0 && n == N_VFS)
			assert_true(cut + NLMSG_ALIGNTO > size);
	}
	for (size_t i = sizeof(uint32_t); i < size; i++) {
		vfp_autofree unsigned char *copy = vfp_alloc(size, 1);
		struct vfp_attrs attrs[N_VFS];
		struct vfp_err err;
		size_t n;

		memcpy(copy, nlmsg_hdr(msg), size);
		copy[i] ^= 0xff;
		vfp_netlink_parse(copy, size, "ens1f0", attrs, N_VFS, &n, &err);
	}
	nlmsg_free(msg);
}

/* The one attribute in an RTM_SETLINK message, after checking all around it. */
static struct nlattr *only_attribute(void *message, size_t size, const char *netdev)
{
	struct nlmsghdr *header = message;
	struct nlattr *list, *info, *attr;

	assert_true(nlmsg_ok(header, (int)size));
	assert_int_equal(header->nlmsg_len, size);
	assert_int_equal(header->nlmsg_type, RTM_SETLINK);
	assert_true(header->nlmsg_flags & NLM_F_ACK);
	assert_string_equal(
		nla_get_string(nlmsg_find_attr(header, sizeof(struct ifinfomsg), IFLA_IFNAME)),
		netdev);
	list = nlmsg_find_attr(header, sizeof(struct ifinfomsg), IFLA_VFINFO_LIST);
	assert_non_null(list);
	info = nla_data(list);
	assert_int_equal(nla_type(info), IFLA_VF_INFO);
	assert_int_equal(nla_total_size(nla_len(info)), nla_len(list));
	attr = nla_data(info);
	assert_int_equal(nla_total_size(nla_len(attr)), nla_len(info));
	return attr;
}

static void test_build(void **state)
{
	const struct vfp_attrs attrs = {
		.mac = {{0x52, 0x54, 0, 1, 2, 3}},
		.vlan = 100,
		.qos = 2,
		.vlan_proto = 0x88a8,
		.trust = true,
		.link_state = VFP_LINK_ENABLE,
		.min_rate_mbps = 5,
		.max_rate_mbps = 1000,
		.rss_query = true,
		.node_guid = 7,
		.port_guid = UINT64_MAX,
	};
	const struct ifla_vf_rss_query_en rss_query = {6, 1};
	struct ifla_vf_guid node_guid, port_guid;
	const struct ifla_vf_mac mac = {.vf = 6, .mac = {0x52, 0x54, 0, 1, 2, 3}};
	const struct ifla_vf_spoofchk spoofchk = {6, 0};
	const struct ifla_vf_trust trust = {6, 1};
	const struct ifla_vf_link_state link_state = {6, IFLA_VF_LINK_STATE_ENABLE};
	const struct ifla_vf_rate rate = {6, 5, 1000};
	const struct {
		enum vfp_attr attr;
		int type;
		const void *value;
		size_t size;
	} cases[] = {
		{VFP_ATTR_MAC, IFLA_VF_MAC, &mac, sizeof(mac)},
		{VFP_ATTR_SPOOFCHK, IFLA_VF_SPOOFCHK, &spoofchk, sizeof(spoofchk)},
		{VFP_ATTR_TRUST, IFLA_VF_TRUST, &trust, sizeof(trust)},
		{VFP_ATTR_LINKSTATE, IFLA_VF_LINK_STATE, &link_state, sizeof(link_state)},
		{VFP_ATTR_RATE, IFLA_VF_RATE, &rate, sizeof(rate)},
		{VFP_ATTR_RSSQUERY, IFLA_VF_RSS_QUERY_EN, &rss_query, sizeof(rss_query)},
		{VFP_ATTR_NODE_GUID, IFLA_VF_IB_NODE_GUID, &node_guid, sizeof(node_guid)},
		{VFP_ATTR_PORT_GUID, IFLA_VF_IB_PORT_GUID, &port_guid, sizeof(port_guid)},
	};

	(void)state;
	/* The struct has a hole, which is sent as zero. */
	memset(&node_guid, 0, sizeof(node_guid));
	memset(&port_guid, 0, sizeof(port_guid));
	node_guid.vf = port_guid.vf = 6;
	node_guid.guid = 7;
	port_guid.guid = UINT64_MAX;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree void *message = NULL;
		struct vfp_err err;
		struct nlattr *attr;
		size_t size;

		assert_int_equal(vfp_netlink_build("ens1f0", 6, cases[i].attr, &attrs, &message,
						   &size, &err),
				 0);
		attr = only_attribute(message, size, "ens1f0");
		assert_int_equal(nla_type(attr), cases[i].type);
		assert_int_equal(nla_len(attr), cases[i].size);
		assert_memory_equal(nla_data(attr), cases[i].value, cases[i].size);
	}
}

static void test_build_vlan(void **state)
{
	static const struct {
		struct vfp_attrs attrs;
		int rc;
		uint32_t qos;
		uint16_t proto;
	} cases[] = {
		{{.vlan = 100, .qos = 2, .vlan_proto = 0x88a8}, 0, 2, 0x88a8},
		{{.vlan = 4094}, 0, 0, 0x8100},
		/* VLAN 0 takes it away, and then neither priority nor another protocol may be
		 * sent. */
		{{.vlan = 0, .qos = 3, .vlan_proto = 0x88a8}, 0, 0, 0x8100},
		{{.vlan = 4095}, -EINVAL, 0, 0},
		{{.vlan = 100, .qos = 8}, -EINVAL, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree void *message = NULL;
		struct ifla_vf_vlan_info *vlan;
		struct vfp_err err = {0};
		struct nlattr *attr;
		size_t size;

		assert_int_equal(vfp_netlink_build("ens1f0", 6, VFP_ATTR_VLAN, &cases[i].attrs,
						   &message, &size, &err),
				 cases[i].rc);
		if (cases[i].rc < 0) {
			assert_memory_equal(err.msg, "ens1f0#6: VLAN: ", 16);
			continue;
		}
		attr = only_attribute(message, size, "ens1f0");
		assert_int_equal(nla_type(attr), IFLA_VF_VLAN_LIST);
		assert_int_equal(nla_len(attr), nla_total_size(sizeof(*vlan)));
		vlan = nla_data(nla_data(attr));
		assert_int_equal(vlan->vf, 6);
		assert_int_equal(vlan->vlan, cases[i].attrs.vlan);
		assert_int_equal(vlan->qos, cases[i].qos);
		assert_int_equal(ntohs(vlan->vlan_proto), cases[i].proto);
	}
}

/* Runs in the child: 0, or the line where something was not as expected. */
static int talk_to_the_kernel(void)
{
	const struct vfp_host host = {.kernel = &vfp_kernel_linux};
	struct vfp_err err = {0};
	struct vfp_attrs attrs[1];
	size_t n = 4711;

	if (vfp_netlink_vf_read(&host, "lo", true, attrs, 1, &n, &err) != 0 || n != 0)
		return __LINE__;
	if (vfp_netlink_vf_read(&host, "eth99", false, attrs, 1, &n, &err) != -ENODEV ||
	    strcmp(err.msg, "eth99: No such device") != 0)
		return __LINE__;
	for (int attr = 0; attr < VFP_N_ATTRS; attr++) {
		vfp_autofree char *words = vfp_format("lo#3: %s: Operation not supported",
						      vfp_attr_name((enum vfp_attr)attr));

		if (vfp_netlink_vf_write(&host, "lo", 3, (enum vfp_attr)attr, &vfp_attrs_scrubbed,
					 &err) != -EOPNOTSUPP ||
		    strcmp(err.msg, words) != 0)
			return __LINE__;
	}
	return 0;
}

static void test_kernel(void **state)
{
	int status, pipes[2], line = -1;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) {
			line = talk_to_the_kernel();
			_exit(write(pipes[1], &line, sizeof(line)) != sizeof(line));
		}
		_exit(77);
	}
	close(pipes[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		close(pipes[0]);
		skip();
	}
	assert_int_equal(status, 0);
	assert_int_equal(read(pipes[0], &line, sizeof(line)), sizeof(line));
	close(pipes[0]);
	assert_int_equal(line, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	      cmocka_unit_test(test_parse_counters),
		cmocka_unit_test(test_parse_refused), cmocka_unit_test(test_parse_broken),
		cmocka_unit_test(test_build),	      cmocka_unit_test(test_build_vlan),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
