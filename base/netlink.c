/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VF attributes over rtnetlink, the only file that knows libnl.
 *
 * The attributes are taken apart here and not by libnl-route's link parser: version 3.7 knows
 * neither the dropped-packet counters nor the difference between a VF list that is absent and one
 * that is empty, and its error numbers do not keep the driver's errno.
 */
#include "base/netlink.h"

#include <assert.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#define TIMEOUT_MS	5000
#define BUSY_PAUSE_MS	50
#define ETHERTYPE_8021Q 0x8100
#define MAX_VLAN	4094
#define MAX_QOS		7
/* The list of VFs is one attribute, and an attribute's length has 16 bits. */
#define TOO_MANY_VFS                                                                           \
	"%s: the kernel's answer does not hold all its VFs (about 330 fit into one message); " \
	"make fewer VFs"

VFP_DEFINE_AUTO(socket, struct nl_sock *, nl_socket_free)
VFP_DEFINE_AUTO(message, struct nl_msg *, nlmsg_free)

/* Names of netdevs while they are gathered. */
struct names {
	char (*devs)[IFNAMSIZ];
	size_t n, room;
};

static int take_route(struct nl_msg *msg, void *names);
static void take_dev(struct names *names, int index);
static int ask(const struct vfp_host *host, struct nl_msg *request, const char *what,
	       void **ret_answer, size_t *ret_size, struct vfp_err *err);
static int open_socket(struct nl_sock *sock, struct vfp_err *err);
static int ask_once(struct nl_sock *sock, struct nl_msg *request, const char *what,
		    void **ret_answer, size_t *ret_size, struct vfp_err *err);
static int kernel_error(const void *answer);
static struct nl_msg *new_request(int type, int flags, const char *netdev);
static int check_value(enum vfp_attr attr, const struct vfp_attrs *attrs, const char *what,
		       struct vfp_err *err);
static void put_mac(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs);
static void put_vlan(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs);
static void put_spoofchk(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs);
static void put_trust(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs);
static void put_link_state(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs);
static void put_rate(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs);
static void put_rss_query(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs);
static void put_node_guid(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs);
static void put_port_guid(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs);
static void put(struct nl_msg *msg, int type, int size, const void *value);
static int parse_vf(struct nlattr *info, struct vfp_attrs *attrs, size_t n);
static bool parse_mac(struct nlattr *attr, struct vfp_attrs *attrs);
static bool parse_vlan(struct nlattr *attr, struct vfp_attrs *attrs);
static bool parse_spoofchk(struct nlattr *attr, struct vfp_attrs *attrs);
static bool parse_trust(struct nlattr *attr, struct vfp_attrs *attrs);
static bool parse_link_state(struct nlattr *attr, struct vfp_attrs *attrs);
static bool parse_rate(struct nlattr *attr, struct vfp_attrs *attrs);
static bool parse_rss_query(struct nlattr *attr, struct vfp_attrs *attrs);
static bool parse_node_guid(struct nlattr *attr, struct vfp_attrs *attrs);
static bool parse_port_guid(struct nlattr *attr, struct vfp_attrs *attrs);
static void parse_counters(struct nlattr *attr, struct vfp_attrs *attrs);

/* Every attribute in both directions.  A parser returns false when the driver does not report it,
 * which the kernel writes as -1. */
static const struct {
	int type;
	int size;
	void (*put)(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs);
	bool (*parse)(struct nlattr *attr, struct vfp_attrs *attrs);
} attr_kinds[VFP_N_ATTRS] = {
	[VFP_ATTR_MAC] = {IFLA_VF_MAC, sizeof(struct ifla_vf_mac), put_mac, parse_mac},
	[VFP_ATTR_VLAN] = {IFLA_VF_VLAN_LIST, 0, put_vlan, parse_vlan},
	[VFP_ATTR_SPOOFCHK] = {IFLA_VF_SPOOFCHK, sizeof(struct ifla_vf_spoofchk), put_spoofchk,
			       parse_spoofchk},
	[VFP_ATTR_TRUST] = {IFLA_VF_TRUST, sizeof(struct ifla_vf_trust), put_trust, parse_trust},
	[VFP_ATTR_LINKSTATE] = {IFLA_VF_LINK_STATE, sizeof(struct ifla_vf_link_state),
				put_link_state, parse_link_state},
	[VFP_ATTR_RATE] = {IFLA_VF_RATE, sizeof(struct ifla_vf_rate), put_rate, parse_rate},
	[VFP_ATTR_RSSQUERY] = {IFLA_VF_RSS_QUERY_EN, sizeof(struct ifla_vf_rss_query_en),
			       put_rss_query, parse_rss_query},
	[VFP_ATTR_NODE_GUID] = {IFLA_VF_IB_NODE_GUID, sizeof(struct ifla_vf_guid), put_node_guid,
				parse_node_guid},
	[VFP_ATTR_PORT_GUID] = {IFLA_VF_IB_PORT_GUID, sizeof(struct ifla_vf_guid), put_port_guid,
				parse_port_guid},
};

int vfp_netlink_vf_read(const struct vfp_host *host, const char *netdev, bool with_counters,
			struct vfp_attrs *attrs, size_t n, size_t *ret_n, struct vfp_err *err)
{
	uint32_t mask = RTEXT_FILTER_VF | (with_counters ? 0 : RTEXT_FILTER_SKIP_STATS);
	vfp_auto(message) request = new_request(RTM_GETLINK, 0, netdev);
	vfp_autofree void *answer = NULL;
	size_t size;
	int rc;

	put(request, IFLA_EXT_MASK, sizeof(mask), &mask);
	rc = ask(host, request, netdev, &answer, &size, err);
	if (rc == 0)
		rc = vfp_netlink_parse(answer, size, netdev, attrs, n, ret_n, err);
	if (rc == -EMSGSIZE && with_counters)
		return vfp_netlink_vf_read(host, netdev, false, attrs, n, ret_n, err);
	return rc == -EMSGSIZE ? vfp_fail(err, EMSGSIZE, TOO_MANY_VFS, netdev) : rc;
}

int vfp_netlink_vf_write(const struct vfp_host *host, const char *netdev, unsigned int index,
			 enum vfp_attr attr, const struct vfp_attrs *attrs, struct vfp_err *err)
{
	vfp_autofree char *what = vfp_format("%s#%u: %s", netdev, index, vfp_attr_name(attr));
	vfp_autofree void *bytes = NULL, *answer = NULL;
	vfp_auto(message) request = NULL;
	size_t size;
	int rc;

	rc = vfp_netlink_build(netdev, index, attr, attrs, &bytes, &size, err);
	if (rc < 0)
		return rc;
	request = nlmsg_convert(bytes);
	if (!request)
		return vfp_fail(err, ENOMEM, "%s: no memory for the message", what);
	return ask(host, request, what, &answer, &size, err);
}

int vfp_netlink_link_up(const struct vfp_host *host, const char *netdev, struct vfp_err *err)
{
	vfp_auto(message) request = new_request(RTM_NEWLINK, NLM_F_ACK, netdev);
	struct ifinfomsg *link = nlmsg_data(nlmsg_hdr(request));
	vfp_autofree void *answer = NULL;
	size_t size;
	int rc;

	link->ifi_flags = IFF_UP;
	link->ifi_change = IFF_UP;
	rc = ask(host, request, netdev, &answer, &size, err);
	return rc < 0 ? vfp_fail_in(err, rc, "setting it up") : 0;
}

int vfp_netlink_default_devs(const struct vfp_host *host, char (*devs)[IFNAMSIZ], size_t n,
			     size_t *ret_n, struct vfp_err *err)
{
	const struct rtmsg all = {.rtm_family = AF_UNSPEC};
	vfp_auto(message) request = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_DUMP);
	vfp_auto(socket) sock = nl_socket_alloc();
	struct names names = {.devs = devs, .room = n};
	int rc;

	(void)host;
	if (!request || !sock || nlmsg_append(request, (void *)&all, sizeof(all), 0) < 0)
		return vfp_fail(err, ENOMEM, "routes: no memory for a netlink message");
	rc = open_socket(sock, err);
	if (rc < 0)
		return vfp_fail_in(err, rc, "routes");
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, take_route, &names);
	rc = nl_send_auto(sock, request);
	if (rc >= 0)
		rc = nl_recvmsgs_default(sock);
	if (rc < 0)
		return vfp_fail(err, EIO, "routes: cannot read them: %s", nl_geterror(rc));
	*ret_n = names.n;
	return 0;
}

int vfp_netlink_watch(int *ret_fd, struct vfp_err *err)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	vfp_autoclose int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return vfp_fail(err, errno, "cannot listen for changes of links: %s",
				strerror(errno));
	*ret_fd = fd;
	fd = -1;
	return 0;
}

bool vfp_netlink_watched(int fd)
{
	bool any = false;
	char buf[1];

	/* Where there was more than the socket holds it says ENOBUFS once, and that is a change
	 * too. */
	while (recv(fd, buf, sizeof(buf), MSG_TRUNC) > 0 || errno == ENOBUFS)
		any = true;
	return any;
}

int vfp_netlink_parse(const void *message, size_t size, const char *netdev, struct vfp_attrs *attrs,
		      size_t n, size_t *ret_n, struct vfp_err *err)
{
	struct nlmsghdr *header = (struct nlmsghdr *)message;
	struct nlattr *count, *list, *info;
	size_t n_vfs, n_parsed = 0;
	int rest, rc;

	if (!nlmsg_ok(header, (int)size) || header->nlmsg_type != RTM_NEWLINK ||
	    !nlmsg_valid_hdr(header, sizeof(struct ifinfomsg)))
		return vfp_fail(err, EPROTO, "%s: the kernel's answer is no link message", netdev);
	/* The first of each counts: where an old kernel lets the list's length overflow, what
	 * follows it is the inside of a VF. */
	count = nlmsg_find_attr(header, sizeof(struct ifinfomsg), IFLA_NUM_VF);
	list = nlmsg_find_attr(header, sizeof(struct ifinfomsg), IFLA_VFINFO_LIST);
	n_vfs = count ? nla_get_u32(count) : 0;
	if (n_vfs > n)
		return vfp_fail(err, ENOBUFS, "%s: has %zu VFs, expected at most %zu", netdev,
				n_vfs, n);
	if (list) {
		memset(attrs, 0, n_vfs * sizeof(*attrs));
		nla_for_each_nested(info, list, rest)
		{
			rc = parse_vf(info, attrs, n_vfs);
			if (rc < 0)
				return vfp_fail(err, -rc, "%s: VF entry %zu cannot be understood",
						netdev, n_parsed);
			n_parsed++;
		}
	}
	if (n_parsed != n_vfs)
		return vfp_fail(err, EMSGSIZE, TOO_MANY_VFS, netdev);
	*ret_n = n_vfs;
	return 0;
}

int vfp_netlink_build(const char *netdev, unsigned int index, enum vfp_attr attr,
		      const struct vfp_attrs *attrs, void **ret_message, size_t *ret_size,
		      struct vfp_err *err)
{
	vfp_autofree char *what = vfp_format("%s#%u: %s", netdev, index, vfp_attr_name(attr));
	vfp_auto(message) request = NULL;
	struct nlattr *list, *info;
	void *copy;
	int rc;

	rc = check_value(attr, attrs, what, err);
	if (rc < 0)
		return rc;
	request = new_request(RTM_SETLINK, NLM_F_ACK, netdev);
	list = nla_nest_start(request, IFLA_VFINFO_LIST);
	info = nla_nest_start(request, IFLA_VF_INFO);
	attr_kinds[attr].put(request, index, attrs);
	nla_nest_end(request, info);
	nla_nest_end(request, list);
	*ret_size = nlmsg_hdr(request)->nlmsg_len;
	copy = vfp_alloc(*ret_size, 1);
	*ret_message = memcpy(copy, nlmsg_hdr(request), *ret_size);
	return 0;
}

/* Of the dump of all routes: the default ones of the main table that lead somewhere. */
static int take_route(struct nl_msg *msg, void *names)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct nlattr *dev, *ways;
	struct rtmsg *route;

	if (header->nlmsg_type != RTM_NEWROUTE || !nlmsg_valid_hdr(header, sizeof(*route)))
		return NL_OK;
	route = nlmsg_data(header);
	if (route->rtm_dst_len != 0 || route->rtm_type != RTN_UNICAST ||
	    route->rtm_table != RT_TABLE_MAIN)
		return NL_OK;
	dev = nlmsg_find_attr(header, sizeof(*route), RTA_OIF);
	if (dev)
		take_dev(names, (int)nla_get_u32(dev));
	ways = nlmsg_find_attr(header, sizeof(*route), RTA_MULTIPATH);
	if (ways) {
		struct rtnexthop *way = nla_data(ways);

		for (int rest = nla_len(ways); RTNH_OK(way, rest);
		     rest -= RTNH_ALIGN(way->rtnh_len), way = RTNH_NEXT(way))
			take_dev(names, way->rtnh_ifindex);
	}
	return NL_OK;
}

static void take_dev(struct names *names, int index)
{
	char dev[IFNAMSIZ];

	if (!if_indextoname((unsigned int)index, dev) || names->n == names->room)
		return;
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->devs[i], dev))
			return;
	vfp_copy(names->devs[names->n++], IFNAMSIZ, dev);
}

/* Sends the request and gives the answer, asking again while the driver is busy. */
static int ask(const struct vfp_host *host, struct nl_msg *request, const char *what,
	       void **ret_answer, size_t *ret_size, struct vfp_err *err)
{
	const int64_t deadline = host->kernel->ticks_ms() + TIMEOUT_MS;
	vfp_auto(socket) sock = nl_socket_alloc();
	int rc;

	if (!sock)
		return vfp_fail(err, ENOMEM, "%s: no memory for a netlink socket", what);
	rc = open_socket(sock, err);
	if (rc < 0)
		return vfp_fail_in(err, rc, "%s", what);
	for (;;) {
		rc = ask_once(sock, request, what, ret_answer, ret_size, err);
		if ((rc != -EBUSY && rc != -EAGAIN) || host->kernel->ticks_ms() >= deadline)
			return rc;
		host->kernel->pause_ms(BUSY_PAUSE_MS);
	}
}

static int open_socket(struct nl_sock *sock, struct vfp_err *err)
{
	const struct timeval limit = {.tv_sec = TIMEOUT_MS / 1000};
	int rc = nl_connect(sock, NETLINK_ROUTE);

	if (rc < 0)
		return vfp_fail(err, EIO, "cannot open a netlink socket: %s", nl_geterror(rc));
	/* Without the automatic flag a request for a link has one answer and not two. */
	nl_socket_disable_auto_ack(sock);
	/* The answer of a PF with many VFs is larger than any fixed buffer, so its size is looked
	 * at first. */
	nl_socket_enable_msg_peek(sock);
	if (setsockopt(nl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		return vfp_fail(err, errno, "cannot limit the netlink socket's waiting: %s",
				strerror(errno));
	return 0;
}

static int ask_once(struct nl_sock *sock, struct nl_msg *request, const char *what,
		    void **ret_answer, size_t *ret_size, struct vfp_err *err)
{
	vfp_autofree unsigned char *answer = NULL;
	struct sockaddr_nl from;
	int rc, size;

	rc = nl_send_auto(sock, request);
	if (rc < 0)
		return vfp_fail(err, EIO, "%s: cannot send to the kernel: %s", what,
				nl_geterror(rc));
	size = nl_recv(sock, &from, &answer, NULL);
	if (size == 0 || size == -NLE_AGAIN)
		return vfp_fail(err, ETIMEDOUT, "%s: no answer from the kernel within %d s", what,
				TIMEOUT_MS / 1000);
	if (size < 0)
		return vfp_fail(err, EIO, "%s: cannot receive from the kernel: %s", what,
				nl_geterror(size));
	if (!nlmsg_ok((struct nlmsghdr *)answer, size))
		return vfp_fail(err, EPROTO, "%s: the kernel's answer is cut off", what);
	rc = kernel_error(answer);
	if (rc < 0)
		return vfp_fail(err, -rc, "%s: %s", what, strerror(-rc));
	*ret_answer = VFP_TAKE(answer);
	*ret_size = (size_t)size;
	return 0;
}

/* The negative errno in an answer, or 0 when it is an acknowledgement or something else. */
static int kernel_error(const void *answer)
{
	struct nlmsghdr *header = (struct nlmsghdr *)answer;

	if (header->nlmsg_type != NLMSG_ERROR)
		return 0;
	if (!nlmsg_valid_hdr(header, sizeof(struct nlmsgerr)))
		return -EPROTO;
	return ((struct nlmsgerr *)nlmsg_data(header))->error;
}

/* The link goes by name: the kernel looks it up under the lock under which it then acts. */
static struct nl_msg *new_request(int type, int flags, const char *netdev)
{
	const struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (!msg || nlmsg_append(msg, (void *)&link, sizeof(link), NLMSG_ALIGNTO) < 0)
		abort();
	put(msg, IFLA_IFNAME, (int)strlen(netdev) + 1, netdev);
	return msg;
}

/* What drivers take although it makes no sense; igb accepts VLAN 4095. */
static int check_value(enum vfp_attr attr, const struct vfp_attrs *attrs, const char *what,
		       struct vfp_err *err)
{
	if (attr == VFP_ATTR_VLAN && attrs->vlan > MAX_VLAN)
		return vfp_fail(err, EINVAL, "%s: %u, expected 0 (none) or 1 to %d", what,
				attrs->vlan, MAX_VLAN);
	if (attr == VFP_ATTR_VLAN && attrs->qos > MAX_QOS)
		return vfp_fail(err, EINVAL, "%s: qos %u, expected 0 to %d", what, attrs->qos,
				MAX_QOS);
	return 0;
}

static void put_mac(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs)
{
	struct ifla_vf_mac value = {.vf = vf};

	memcpy(value.mac, attrs->mac.byte, sizeof(attrs->mac.byte));
	put(msg, IFLA_VF_MAC, sizeof(value), &value);
}

/* The list form is the one that carries a protocol; the kernel takes exactly one entry.  VLAN 0
 * takes a VLAN away, and drivers refuse it with a priority or another protocol. */
static void put_vlan(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs)
{
	uint16_t proto = attrs->vlan && attrs->vlan_proto ? attrs->vlan_proto : ETHERTYPE_8021Q;
	struct ifla_vf_vlan_info value = {
		.vf = vf,
		.vlan = attrs->vlan,
		.qos = attrs->vlan ? attrs->qos : 0,
		.vlan_proto = htons(proto),
	};
	struct nlattr *list = nla_nest_start(msg, IFLA_VF_VLAN_LIST);

	put(msg, IFLA_VF_VLAN_INFO, sizeof(value), &value);
	nla_nest_end(msg, list);
}

static void put_spoofchk(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs)
{
	const struct ifla_vf_spoofchk value = {.vf = vf, .setting = attrs->spoofchk};

	put(msg, IFLA_VF_SPOOFCHK, sizeof(value), &value);
}

static void put_trust(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs)
{
	const struct ifla_vf_trust value = {.vf = vf, .setting = attrs->trust};

	put(msg, IFLA_VF_TRUST, sizeof(value), &value);
}

static void put_link_state(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs)
{
	const struct ifla_vf_link_state value = {.vf = vf, .link_state = attrs->link_state};

	put(msg, IFLA_VF_LINK_STATE, sizeof(value), &value);
}

static void put_rate(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs)
{
	const struct ifla_vf_rate value = {
		.vf = vf,
		.min_tx_rate = attrs->min_rate_mbps,
		.max_tx_rate = attrs->max_rate_mbps,
	};

	put(msg, IFLA_VF_RATE, sizeof(value), &value);
}

static void put_rss_query(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs)
{
	const struct ifla_vf_rss_query_en value = {.vf = vf, .setting = attrs->rss_query};

	put(msg, IFLA_VF_RSS_QUERY_EN, sizeof(value), &value);
}

static void put_guid(struct nl_msg *msg, int type, uint32_t vf, uint64_t guid)
{
	struct ifla_vf_guid value;

	memset(&value, 0, sizeof(value)); /* it has a hole */
	value.vf = vf;
	value.guid = guid;
	put(msg, type, sizeof(value), &value);
}

static void put_node_guid(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs)
{
	put_guid(msg, IFLA_VF_IB_NODE_GUID, vf, attrs->node_guid);
}

static void put_port_guid(struct nl_msg *msg, uint32_t vf, const struct vfp_attrs *attrs)
{
	put_guid(msg, IFLA_VF_IB_PORT_GUID, vf, attrs->port_guid);
}

/* A request of ours is far smaller than the page that libnl gives it, so this cannot fail. */
static void put(struct nl_msg *msg, int type, int size, const void *value)
{
	int rc = nla_put(msg, type, size, value);

	assert(rc == 0);
	(void)rc;
}

/* Reads one IFLA_VF_INFO into its place in @attrs, of @n. */
static int parse_vf(struct nlattr *info, struct vfp_attrs *attrs, size_t n)
{
	struct nlattr *mac = nla_find(nla_data(info), nla_len(info), IFLA_VF_MAC);
	struct vfp_attrs *vf;
	uint32_t index;

	/* The MAC is always there, and with it the VF's number. */
	if (!mac || nla_len(mac) < (int)sizeof(struct ifla_vf_mac))
		return -EPROTO;
	index = ((struct ifla_vf_mac *)nla_data(mac))->vf;
	if (index >= n)
		return -EPROTO;
	vf = &attrs[index];
	for (size_t i = 0; i < VFP_N_ATTRS; i++) {
		struct nlattr *attr = nla_find(nla_data(info), nla_len(info), attr_kinds[i].type);

		if (attr && nla_len(attr) >= attr_kinds[i].size && attr_kinds[i].parse(attr, vf))
			vf->known |= 1u << i;
	}
	parse_counters(nla_find(nla_data(info), nla_len(info), IFLA_VF_STATS), vf);
	return 0;
}

static bool parse_mac(struct nlattr *attr, struct vfp_attrs *attrs)
{
	const struct ifla_vf_mac *value = nla_data(attr);

	memcpy(attrs->mac.byte, value->mac, sizeof(attrs->mac.byte));
	return true;
}

static bool parse_vlan(struct nlattr *attr, struct vfp_attrs *attrs)
{
	struct nlattr *first = nla_find(nla_data(attr), nla_len(attr), IFLA_VF_VLAN_INFO);
	const struct ifla_vf_vlan_info *value;

	if (!first || nla_len(first) < (int)sizeof(*value))
		return false;
	value = nla_data(first);
	attrs->vlan = (uint16_t)value->vlan;
	attrs->qos = (uint8_t)value->qos;
	attrs->vlan_proto = ntohs(value->vlan_proto);
	return true;
}

static bool parse_spoofchk(struct nlattr *attr, struct vfp_attrs *attrs)
{
	const struct ifla_vf_spoofchk *value = nla_data(attr);

	attrs->spoofchk = value->setting == 1;
	return value->setting != UINT32_MAX;
}

static bool parse_trust(struct nlattr *attr, struct vfp_attrs *attrs)
{
	const struct ifla_vf_trust *value = nla_data(attr);

	attrs->trust = value->setting == 1;
	return value->setting != UINT32_MAX;
}

static bool parse_link_state(struct nlattr *attr, struct vfp_attrs *attrs)
{
	const struct ifla_vf_link_state *value = nla_data(attr);

	if (value->link_state > IFLA_VF_LINK_STATE_DISABLE)
		return false;
	attrs->link_state = (enum vfp_link_state)value->link_state;
	return true;
}

static bool parse_rate(struct nlattr *attr, struct vfp_attrs *attrs)
{
	const struct ifla_vf_rate *value = nla_data(attr);

	attrs->min_rate_mbps = value->min_tx_rate;
	attrs->max_rate_mbps = value->max_tx_rate;
	return true;
}

static bool parse_rss_query(struct nlattr *attr, struct vfp_attrs *attrs)
{
	const struct ifla_vf_rss_query_en *value = nla_data(attr);

	attrs->rss_query = value->setting == 1;
	return value->setting != UINT32_MAX;
}

/* The attribute is aligned to 4 bytes, the number in it is of 8. */
static uint64_t parse_guid(struct nlattr *attr)
{
	struct ifla_vf_guid value;

	memcpy(&value, nla_data(attr), sizeof(value));
	return value.guid;
}

static bool parse_node_guid(struct nlattr *attr, struct vfp_attrs *attrs)
{
	attrs->node_guid = parse_guid(attr);
	return true;
}

static bool parse_port_guid(struct nlattr *attr, struct vfp_attrs *attrs)
{
	attrs->port_guid = parse_guid(attr);
	return true;
}

/* @attr is NULL where statistics were not asked for or the driver has none. */
static void parse_counters(struct nlattr *attr, struct vfp_attrs *attrs)
{
	struct vfp_counters *to = &attrs->counters;
	const struct {
		int type;
		uint64_t *value;
	} fields[] = {
		{IFLA_VF_STATS_RX_PACKETS, &to->rx_packets},
		{IFLA_VF_STATS_TX_PACKETS, &to->tx_packets},
		{IFLA_VF_STATS_RX_BYTES, &to->rx_bytes},
		{IFLA_VF_STATS_TX_BYTES, &to->tx_bytes},
		{IFLA_VF_STATS_RX_DROPPED, &to->rx_dropped},
		{IFLA_VF_STATS_TX_DROPPED, &to->tx_dropped},
		{IFLA_VF_STATS_BROADCAST, &to->rx_broadcast},
		{IFLA_VF_STATS_MULTICAST, &to->rx_multicast},
	};

	if (!attr)
		return;
	attrs->has_counters = true;
	for (size_t i = 0; i < VFP_N(fields); i++)
		*fields[i].value =
			nla_get_u64(nla_find(nla_data(attr), nla_len(attr), fields[i].type));
}
