/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's doors over a fake root folder.
 */
#include "tests/fake-kernel.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/sysfs.h"
#include "tests/fake-sysfs.h"

VFP_DEFINE_AUTO(dir, DIR *, closedir)

#define BUS	"/sys/bus/pci/devices/"
#define DEVICES "/sys/devices/pci0000:00/"
/* What fits into one netlink attribute, without and with counters (docs/facts). */
#define VFS_PER_REPLY	  330
#define VFS_WITH_COUNTERS 221
#define CLOCK_REAL	  INT64_MIN

/* What a PF driver does not do. */
struct driver {
	const char *name;
	int link_state_error, min_rate_error, stag_error, zero_mac_error; /* 0: it does it */
	bool is_blind;
};

/* One kind of file in sysfs that reacts to a write. */
struct reaction {
	const char *file;
	int (*act)(const struct vfp_host *host, const char *device, const char *value);
};

static int begin_call(const struct vfp_host *host, const char *line, struct vfp_err *err);
static int react(const struct vfp_host *host, size_t reaction, const char *device,
		 const char *value);
static void finish_writes(const struct vfp_host *host);
static int injected_error(const struct vfp_host *host, const char *line);
static int error_number(const char *name);
static const struct driver *driver_of(const struct vfp_host *host, const char *netdev);
static int refuse_value(const struct driver *driver, enum vfp_attr attr,
			const struct vfp_attrs *attrs);
static void take_value(struct vfp_attrs *to, enum vfp_attr attr, const struct vfp_attrs *from);
static int write_num_vfs(const struct vfp_host *host, const char *device, const char *value);
static int write_override(const struct vfp_host *host, const char *device, const char *value);
static int write_probe(const struct vfp_host *host, const char *device, const char *value);
static int write_unbind(const struct vfp_host *host, const char *device, const char *value);
static void add_vf(const struct vfp_host *host, const char *pf, unsigned int index);
static void remove_vf(const struct vfp_host *host, const char *pf, unsigned int index);
static bool is_vf_in_use(const struct vfp_host *host, const char *pf, unsigned int n);
static bool is_group_open(const struct vfp_host *host, int group);
static void bind_driver(const struct vfp_host *host, const char *device, const char *driver);
static void unbind_driver(const struct vfp_host *host, const char *device);
static bool vf_netdev(const struct vfp_host *host, const char *device, char ret_dev[IFNAMSIZ]);
static void name_of_link(const struct vfp_host *host, const char *path, char ret_name[64]);
static unsigned int read_count(const struct vfp_host *host, const char *path);

static const struct driver drivers[] = {
	{.name = "igb",
	 .link_state_error = EOPNOTSUPP,
	 .min_rate_error = EINVAL,
	 .stag_error = EPROTONOSUPPORT},
	{.name = "fakezero", .zero_mac_error = EADDRNOTAVAIL},
	{.name = "fakeblind", .is_blind = true},
	{.name = "fakefull"},
};

static const struct reaction reactions[] = {
	{"sriov_numvfs", write_num_vfs},
	{"driver_override", write_override},
	{"drivers_probe", write_probe},
	{"unbind", write_unbind},
};

const struct vfp_kernel fake_kernel = FAKE_KERNEL_DOORS;

static int64_t clock_ms = CLOCK_REAL;

int fake_sysfs_write(const struct vfp_host *host, const char *path, const char *value,
		     struct vfp_err *err)
{
	vfp_autofree char *line = vfp_format("sysfs_write %s %s", path, value);
	vfp_autofree char *folder = vfp_strdup(path);
	char *file = strrchr(folder, '/');
	const char *device;
	int rc = begin_call(host, line, err);

	if (rc < 0)
		return rc;
	*file++ = '\0';
	device = strrchr(folder, '/') + 1;
	if (!fake_exists(host, fake_path("%s/.", folder)) || !fake_exists(host, path))
		return vfp_fail(err, ENOENT, "%s: cannot open it for writing: %s", path,
				strerror(ENOENT));
	for (size_t i = 0; i < VFP_N(reactions); i++) {
		if (strcmp(file, reactions[i].file) != 0)
			continue;
		rc = react(host, i, device, value);
		if (rc < 0)
			return vfp_fail(err, -rc, "%s: cannot write '%s': %s", path, value,
					strerror(-rc));
		return 0;
	}
	fake_write(host, path, fake_path("%s\n", value));
	return 0;
}

/* The VFs of @netdev that have a file; 0 or the negative errno. */
static int read_files(const struct vfp_host *host, const char *netdev, struct vfp_attrs *attrs,
		      size_t n)
{
	char path[VFP_PATH_SIZE];
	vfp_auto(dir) folder = opendir(vfp_host_path(host, path, "/fake/%s", netdev));
	struct dirent *entry;
	uint64_t index;

	while (folder) {
		errno = 0;
		entry = readdir(folder);
		if (!entry)
			break;
		if (vfp_number_parse(entry->d_name, 0, UINT_MAX, &index) && index < n)
			fake_kernel_get(host, netdev, (unsigned int)index, &attrs[index]);
	}
	return errno == ENOENT ? 0 : -errno;
}

/* Few VFs of many have a file: the others are not looked for one by one.  The fake is not what is
 * tested: where a test lets the n-th system call fail, it tries again. */
static void read_all(const struct vfp_host *host, const char *netdev, struct vfp_attrs *attrs,
		     size_t n)
{
	for (size_t i = 0; i < n; i++)
		attrs[i] = vfp_attrs_scrubbed;
	for (int i = 0; i < 3 && read_files(host, netdev, attrs, n) < 0; i++)
		;
}

int fake_vf_read(const struct vfp_host *host, const char *netdev, bool with_counters,
		 struct vfp_attrs *attrs, size_t n, size_t *ret_n, struct vfp_err *err)
{
	const struct driver *driver = driver_of(host, netdev);
	vfp_autofree char *line = vfp_format("vf_read %s", netdev);
	struct vfp_pf pf;
	int rc = begin_call(host, line, err);

	if (rc < 0)
		return rc;
	if (vfp_sysfs_pf(host, netdev, &pf, NULL) < 0)
		return vfp_fail(err, ENODEV, "%s: %s", netdev, strerror(ENODEV));
	if (pf.num_vfs > VFS_PER_REPLY)
		return vfp_fail(err, EMSGSIZE, "%s: %s", netdev, strerror(EMSGSIZE));
	if (pf.num_vfs > n)
		return vfp_fail(err, ENOBUFS, "%s: has %u VFs, expected at most %zu", netdev,
				pf.num_vfs, n);
	read_all(host, netdev, attrs, pf.num_vfs);
	for (unsigned int i = 0; i < pf.num_vfs; i++) {
		attrs[i].has_counters = with_counters && pf.num_vfs <= VFS_WITH_COUNTERS;
		if (driver->link_state_error)
			attrs[i].known &= ~(1u << VFP_ATTR_RSSQUERY | 1u << VFP_ATTR_NODE_GUID |
					    1u << VFP_ATTR_PORT_GUID);
		if (driver->is_blind)
			attrs[i].known &= ~(1u << VFP_ATTR_SPOOFCHK | 1u << VFP_ATTR_TRUST);
	}
	*ret_n = pf.num_vfs;
	return 0;
}

int fake_vf_write(const struct vfp_host *host, const char *netdev, unsigned int index,
		  enum vfp_attr attr, const struct vfp_attrs *attrs, struct vfp_err *err)
{
	char words[64];
	vfp_autofree char *line = vfp_format("vf_write %s#%u %s", netdev, index,
					     vfp_attr_format(attr, attrs, words, sizeof(words)));
	struct vfp_attrs present;
	struct vfp_pf pf;
	int rc = begin_call(host, line, err);

	if (rc < 0)
		return rc;
	if (vfp_sysfs_pf(host, netdev, &pf, NULL) < 0)
		rc = -ENODEV;
	else if (index >= pf.num_vfs)
		rc = -EINVAL;
	else
		rc = refuse_value(driver_of(host, netdev), attr, attrs);
	if (rc < 0)
		return vfp_fail(err, -rc, "%s#%u: %s: %s", netdev, index, vfp_attr_name(attr),
				strerror(-rc));
	fake_kernel_get(host, netdev, index, &present);
	take_value(&present, attr, attrs);
	fake_kernel_set(host, netdev, index, &present);
	return 0;
}

int fake_vfio_busy(const struct vfp_host *host, int group, bool *ret_busy, struct vfp_err *err)
{
	vfp_autofree char *line = vfp_format("vfio_busy %d", group);
	int rc = begin_call(host, line, err);

	if (rc == 0)
		*ret_busy = is_group_open(host, group);
	return rc;
}

/* The rest of the line of @text that begins with @word; false, and "", when there is none. */
static bool line_of(const char *text, const char *word, char *buf, size_t size)
{
	const size_t length = strlen(word);

	buf[0] = '\0';
	for (; text && *text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL)
		if (!strncmp(text, word, length) && text[length] == ' ') {
			snprintf(buf, size, "%.*s", (int)strcspn(text + length + 1, "\n"),
				 text + length + 1);
			return true;
		}
	return false;
}

int fake_card_read(const struct vfp_host *host, const char *netdev, struct vfp_card *ret_card,
		   struct vfp_err *err)
{
	vfp_autofree char *line = vfp_format("card_read %s", netdev), *text = NULL;
	struct vfp_card card = {0};
	char device[64], mac[VFP_MAC_SIZE];
	int rc = begin_call(host, line, err);

	if (rc < 0)
		return rc;
	name_of_link(host, fake_path("/sys/class/net/%s/device", netdev), device);
	if (!*device)
		return vfp_fail(err, ENODEV, "%s: no such network device", netdev);
	text = fake_read(host, fake_path("/fake/card/%s", device));
	if (!line_of(text, "mac", mac, sizeof(mac)))
		vfp_sysfs_line(host, mac, sizeof(mac), "/sys/class/net/%s/address", netdev);
	vfp_mac_parse(mac, &card.permanent);
	line_of(text, "version", card.driver_version, sizeof(card.driver_version));
	line_of(text, "firmware", card.firmware, sizeof(card.firmware));
	*ret_card = card;
	return 0;
}

int fake_link_up(const struct vfp_host *host, const char *netdev, struct vfp_err *err)
{
	vfp_autofree char *line = vfp_format("link_up %s", netdev);
	int rc = begin_call(host, line, err);

	if (rc < 0)
		return rc;
	if (!fake_exists(host, fake_path("/sys/class/net/%s/flags", netdev)))
		return vfp_fail(err, ENODEV, "%s: %s", netdev, strerror(ENODEV));
	fake_write(host, fake_path("/sys/class/net/%s/flags", netdev), "0x1003");
	if (!fake_exists(host, fake_path("/sys/class/net/%s/carrier", netdev)))
		fake_write(host, fake_path("/sys/class/net/%s/carrier", netdev), "1");
	return 0;
}

int fake_default_devs(const struct vfp_host *host, char (*devs)[IFNAMSIZ], size_t n, size_t *ret_n,
		      struct vfp_err *err)
{
	vfp_autofree char *text = fake_read(host, "/fake/default-routes");
	size_t seen = 0;
	char *rest;
	int rc = begin_call(host, "default_devs", err);

	if (rc < 0)
		return rc;
	for (char *dev = strtok_r(text, "\n", &rest); dev && seen < n;
	     dev = strtok_r(NULL, "\n", &rest))
		vfp_copy(devs[seen++], IFNAMSIZ, dev);
	*ret_n = seen;
	return 0;
}

int fake_address_dev(const struct vfp_host *host, const char *address, char ret_dev[IFNAMSIZ],
		     struct vfp_err *err)
{
	vfp_autofree char *text = fake_read(host, "/fake/addresses");
	char dev[IFNAMSIZ];
	int rc = begin_call(host, "address_dev", err);

	if (rc < 0)
		return rc;
	if (!line_of(text, address, dev, sizeof(dev)))
		return vfp_fail(err, ENOENT, "%s: no network device has this address", address);
	vfp_copy(ret_dev, IFNAMSIZ, dev);
	return 0;
}

int fake_module_load(const struct vfp_host *host, const char *name, struct vfp_err *err)
{
	vfp_autofree char *line = vfp_format("module_load %s", name);
	int rc = begin_call(host, line, err);

	if (rc < 0)
		return rc;
	if (fake_exists(host, "/fake/no-modules"))
		return vfp_fail(err, ENOENT, "module %s: there is none", name);
	fake_write(host, fake_path("/sys/bus/pci/drivers/%s/unbind", name), "");
	return 0;
}

static int64_t clock_of(clockid_t clock)
{
	struct timespec now;

	if (clock_ms != CLOCK_REAL)
		return clock_ms;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t fake_now_ms(void)
{
	return clock_of(CLOCK_REALTIME);
}

int64_t fake_ticks_ms(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

void fake_pause_ms(int ms)
{
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	if (clock_ms != CLOCK_REAL)
		clock_ms += ms;
	else
		nanosleep(&pause, NULL);
}

void fake_clock_set(int64_t now_ms)
{
	clock_ms = now_ms;
}

void fake_kernel_fail(const struct vfp_host *host, const char *door, unsigned int n,
		      const char *error, const char *word)
{
	vfp_autofree char *before = fake_read(host, "/fake/fail");
	vfp_autofree char *after = vfp_format("%s%s%s %u %s %s\n", before, *before ? "\n" : "",
					      door, n, error, word ? word : "");

	assert(error_number(error) > 0);
	fake_write(host, "/fake/fail", after);
}

size_t fake_kernel_calls(const struct vfp_host *host, const char *word)
{
	vfp_autofree char *log = fake_read(host, "/fake/log");
	size_t n = 0;
	char *rest;

	for (char *line = strtok_r(log, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (strstr(line, word))
			n++;
	return n;
}

void fake_kernel_forget_calls(const struct vfp_host *host)
{
	fake_remove(host, "/fake/log");
}

void fake_kernel_get(const struct vfp_host *host, const char *netdev, unsigned int index,
		     struct vfp_attrs *ret_attrs)
{
	vfp_autofree char *text = fake_read(host, fake_path("/fake/%s/%u", netdev, index));
	struct vfp_attrs attrs = vfp_attrs_scrubbed;
	struct vfp_counters *count = &attrs.counters;
	char mac[VFP_MAC_SIZE], spoofchk[8], trust[8], link[8], rss_query[8] = "off";
	int n = 0;

	if (*text) {
		n = sscanf(text,
			   "mac %17s\nvlan %" SCNu16 "\nqos %" SCNu8 "\nproto %" SCNx16
			   "\nspoofchk %7s\ntrust %7s\nlink %7s\nrate %" SCNu32 " %" SCNu32
			   "\nrx %" SCNu64 " %" SCNu64 " %" SCNu64 "\ntx %" SCNu64 " %" SCNu64
			   " %" SCNu64 "\nrss_query %7s\nguids %" SCNx64 " %" SCNx64,
			   mac, &attrs.vlan, &attrs.qos, &attrs.vlan_proto, spoofchk, trust, link,
			   &attrs.min_rate_mbps, &attrs.max_rate_mbps, &count->rx_packets,
			   &count->rx_bytes, &count->rx_dropped, &count->tx_packets,
			   &count->tx_bytes, &count->tx_dropped, rss_query, &attrs.node_guid,
			   &attrs.port_guid);
		if (n != 18 || vfp_mac_parse(mac, &attrs.mac) < 0)
			abort();
		attrs.spoofchk = !strcmp(spoofchk, "on");
		attrs.trust = !strcmp(trust, "on");
		attrs.rss_query = !strcmp(rss_query, "on");
		attrs.link_state = (enum vfp_link_state)vfp_word_parse(vfp_link_state_words, link);
	}
	*ret_attrs = attrs;
}

void fake_kernel_set(const struct vfp_host *host, const char *netdev, unsigned int index,
		     const struct vfp_attrs *attrs)
{
	const struct vfp_counters *count = &attrs->counters;
	char mac[VFP_MAC_SIZE];
	vfp_autofree char *text = vfp_format(
		"mac %s\nvlan %u\nqos %u\nproto %x\nspoofchk %s\ntrust %s\nlink %s\nrate %u %u\n"
		"rx %" PRIu64 " %" PRIu64 " %" PRIu64 "\ntx %" PRIu64 " %" PRIu64 " %" PRIu64 "\n"
		"rss_query %s\nguids %" PRIx64 " %" PRIx64 "\n",
		vfp_mac_format(&attrs->mac, mac), attrs->vlan, attrs->qos, attrs->vlan_proto,
		attrs->spoofchk ? "on" : "off", attrs->trust ? "on" : "off",
		vfp_word_of(vfp_link_state_words, (int)attrs->link_state), attrs->min_rate_mbps,
		attrs->max_rate_mbps, count->rx_packets, count->rx_bytes, count->rx_dropped,
		count->tx_packets, count->tx_bytes, count->tx_dropped,
		attrs->rss_query ? "on" : "off", attrs->node_guid, attrs->port_guid);

	fake_write(host, fake_path("/fake/%s/%u", netdev, index), text);
}

void fake_kernel_set_num_vfs(const struct vfp_host *host, const char *netdev, unsigned int n)
{
	char device[64], value[16];

	snprintf(value, sizeof(value), "%u", n);
	name_of_link(host, fake_path("/sys/class/net/%s/device", netdev), device);
	if (write_num_vfs(host, device, value) < 0)
		abort();
}

/* Logs the call, and fails it when the test wants that. */
static int begin_call(const struct vfp_host *host, const char *line, struct vfp_err *err)
{
	char path[VFP_PATH_SIZE];
	FILE *log;
	int code;

	finish_writes(host);
	log = fopen(vfp_host_path(host, path, "/fake/log"), "ae");
	if (!log)
		log = fopen(path, "ae"); /* as in fake_write() */
	if (!log)
		abort();
	fprintf(log, "%s\n", line);
	fclose(log);
	code = injected_error(host, line);
	return code ? vfp_fail(err, code, "%s: %s (as the test asked for)", line, strerror(code))
		    : 0;
}

/* A test may have any call fail once, but it is ours that are on trial. */
static void forget_note(const struct vfp_host *host, const char *note)
{
	char path[VFP_PATH_SIZE];

	vfp_host_path(host, path, "%s", note);
	if (unlink(path) < 0 && unlink(path) < 0)
		fake_remove(host, note);
}

/* A write into sysfs is whole even when the writer is killed in it: what is begun is noted in
 * /fake/begun/PID, and the next call of anybody finishes it. */
static int react(const struct vfp_host *host, size_t reaction, const char *device,
		 const char *value)
{
	vfp_autofree char *note = vfp_format("/fake/begun/%d", (int)getpid());
	int rc;

	fake_write(host, note, fake_path("%zu %s %s\n", reaction, device, value));
	rc = reactions[reaction].act(host, device, value);
	forget_note(host, note);
	return rc;
}

static void finish_writes(const struct vfp_host *host)
{
	char path[VFP_PATH_SIZE];
	DIR *folder = opendir(vfp_host_path(host, path, "/fake/begun"));
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		vfp_autofree char *note = vfp_format("/fake/begun/%s", entry->d_name);
		vfp_autofree char *text = NULL;
		char device[64], value[64] = "";
		size_t reaction;

		if (atoi(entry->d_name) <= 0 || kill(atoi(entry->d_name), 0) == 0)
			continue;
		text = fake_read(host, note);
		if (sscanf(text, "%zu %63s %63s", &reaction, device, value) >= 2)
			reactions[reaction].act(host, device, value);
		forget_note(host, note);
	}
	if (folder)
		closedir(folder);
}

void fake_kernel_settle(const struct vfp_host *host)
{
	finish_writes(host);
}

/* Counts down every line of /fake/fail that means this call; the errno of one that is due, which is
 * then used up. */
static int injected_error(const struct vfp_host *host, const char *line)
{
	vfp_autofree char *rules = fake_read(host, "/fake/fail");
	vfp_autofree char *left = vfp_strdup("");
	int code = 0;
	char *rest;

	for (char *rule = strtok_r(rules, "\n", &rest); rule; rule = strtok_r(NULL, "\n", &rest)) {
		char door[32], error[32], word[256] = "";
		char *before = left;
		unsigned int n;

		if (sscanf(rule, "%31s %u %31s %255[^\n]", door, &n, error, word) < 3)
			continue;
		if (!strncmp(line, door, strlen(door)) && strstr(line, word)) {
			if (n <= 1 && code == 0)
				code = error_number(error);
			if (n == 1)
				continue;
			n -= n > 0;
		}
		left = vfp_format("%s%s %u %s %s\n", before, door, n, error, word);
		free(before);
	}
	if (*rules)
		fake_write(host, "/fake/fail", left);
	return code;
}

static int error_number(const char *name)
{
	for (int code = 1; code < 134; code++)
		if (strerrorname_np(code) && !strcmp(strerrorname_np(code), name))
			return code;
	return 0;
}

static const struct driver *driver_of(const struct vfp_host *host, const char *netdev)
{
	char name[64];

	name_of_link(host, fake_path("/sys/class/net/%s/device/driver", netdev), name);
	for (size_t i = 0; i < VFP_N(drivers); i++)
		if (!strcmp(drivers[i].name, name))
			return &drivers[i];
	return &drivers[0];
}

/* The negative errno of a value that the driver, or rtnetlink before it, does not take. */
static int refuse_value(const struct driver *driver, enum vfp_attr attr,
			const struct vfp_attrs *attrs)
{
	const struct {
		enum vfp_attr attr;
		bool is_bad;
		int code;
	} rules[] = {
		{VFP_ATTR_MAC, attrs->mac.byte[0] & 1, EINVAL},
		{VFP_ATTR_MAC, vfp_mac_is_none(&attrs->mac), driver->zero_mac_error},
		{VFP_ATTR_VLAN, attrs->vlan > 4095 || attrs->qos > 7, EINVAL},
		{VFP_ATTR_VLAN, attrs->vlan && attrs->vlan_proto == 0x88a8, driver->stag_error},
		{VFP_ATTR_LINKSTATE, true, driver->link_state_error},
		{VFP_ATTR_RATE, attrs->min_rate_mbps > 0, driver->min_rate_error},
		{VFP_ATTR_SPOOFCHK, driver->is_blind, EOPNOTSUPP},
		{VFP_ATTR_TRUST, driver->is_blind, EOPNOTSUPP},
	};

	for (size_t i = 0; i < VFP_N(rules); i++)
		if (rules[i].attr == attr && rules[i].is_bad && rules[i].code)
			return -rules[i].code;
	return 0;
}

static void take_value(struct vfp_attrs *to, enum vfp_attr attr, const struct vfp_attrs *from)
{
	vfp_attr_copy(attr, to, from);
}

/* Linux, drivers/pci/pci-sysfs.c, sriov_numvfs_store(). */
static int write_num_vfs(const struct vfp_host *host, const char *device, const char *value)
{
	unsigned int present = read_count(host, fake_path(BUS "%s/sriov_numvfs", device));
	unsigned int total = read_count(host, fake_path(BUS "%s/sriov_totalvfs", device));
	unsigned int missing = read_count(host, "/fake/missing");
	uint64_t n;

	if (!vfp_number_parse(value, 0, UINT16_MAX, &n))
		return -EINVAL;
	if (n > total)
		return -ERANGE;
	if (n == present)
		return 0;
	if (n > 0 && present > 0)
		return -EBUSY;
	/* Linux would wait here until the guest is gone; a test had better fail. */
	if (is_vf_in_use(host, device, present))
		return -EDEADLK;
	for (unsigned int i = 0; i < present; i++)
		remove_vf(host, device, i);
	for (unsigned int i = 0; i + missing < n; i++)
		add_vf(host, device, i);
	fake_write(host, fake_path(BUS "%s/sriov_numvfs", device), fake_path("%s\n", value));
	return 0;
}

/* An empty line takes an override away, and "(null)" is what Linux shows then. */
static int write_override(const struct vfp_host *host, const char *device, const char *value)
{
	fake_write(host, fake_path(BUS "%s/driver_override", device),
		   fake_path("%s\n", value[strspn(value, "\n")] ? value : "(null)"));
	return 0;
}

static int write_probe(const struct vfp_host *host, const char *device, const char *value)
{
	vfp_autofree char *override = NULL;

	(void)device;
	if (!fake_exists(host, fake_path(BUS "%s", value)))
		return -ENODEV;
	override = fake_read(host, fake_path(BUS "%s/driver_override", value));
	if (fake_exists(host, fake_path(BUS "%s/driver", value)))
		return 0;
	if (strcmp(override, "(null)") != 0)
		bind_driver(host, value, override);
	else if (read_count(host, fake_path(BUS "%s/physfn/sriov_drivers_autoprobe", value)))
		bind_driver(host, value, "igbvf");
	return 0;
}

/* @device is the driver's name here: /sys/bus/pci/drivers/NAME/unbind. */
static int write_unbind(const struct vfp_host *host, const char *device, const char *value)
{
	char driver[64];

	name_of_link(host, fake_path(BUS "%s/driver", value), driver);
	if (strcmp(driver, device) != 0)
		return -ENODEV;
	unbind_driver(host, value);
	return 0;
}

static void add_vf(const struct vfp_host *host, const char *pf, unsigned int index)
{
	unsigned int offset = read_count(host, fake_path(BUS "%s/sriov_offset", pf));
	unsigned int stride = read_count(host, fake_path(BUS "%s/sriov_stride", pf));
	bool has_iommu = fake_exists(host, fake_path(BUS "%s/iommu_group", pf));
	struct vfp_pci pci;
	char addr[VFP_PCI_SIZE];
	unsigned int id;

	vfp_pci_parse(pf, &pci);
	/* A VF's routing ID is the PF's plus First VF Offset plus strides (PCIe, SR-IOV). */
	id = ((unsigned int)pci.bus << 8 | (unsigned int)pci.device << 3 | pci.function) + offset +
	     index * stride;
	pci.bus = (uint8_t)(id >> 8);
	pci.device = id >> 3 & 0x1f;
	pci.function = id & 7;
	vfp_pci_format(&pci, addr);
	fake_pci_add(host, addr, "0x020000", has_iommu ? fake_next_group(host) : -1);
	if (fake_exists(host, fake_path(BUS "%s/vendor", pf))) {
		vfp_autofree char *vendor = fake_read(host, fake_path(BUS "%s/vendor", pf));
		vfp_autofree char *vf = fake_read(host, fake_path(BUS "%s/sriov_vf_device", pf));

		fake_write(host, fake_path(DEVICES "%s/vendor", addr), fake_path("%s\n", vendor));
		fake_write(host, fake_path(DEVICES "%s/device", addr),
			   fake_path("0x%04lx\n", strtoul(vf, NULL, 16)));
	}
	fake_link(host, fake_path("../%s", pf), fake_path(DEVICES "%s/physfn", addr));
	fake_link(host, fake_path("../%s", addr), fake_path(DEVICES "%s/virtfn%u", pf, index));
	if (read_count(host, fake_path(BUS "%s/sriov_drivers_autoprobe", pf)))
		bind_driver(host, addr, "igbvf");
}

static void remove_vf(const struct vfp_host *host, const char *pf, unsigned int index)
{
	char addr[64], group[64];

	name_of_link(host, fake_path(BUS "%s/virtfn%u", pf, index), addr);
	if (!*addr)
		return;
	name_of_link(host, fake_path(BUS "%s/iommu_group", addr), group);
	unbind_driver(host, addr);
	if (*group)
		fake_remove(host, fake_path("/sys/kernel/iommu_groups/%s", group));
	fake_remove(host, fake_path("/sys/bus/pci/devices/%s", addr));
	fake_remove(host, fake_path(DEVICES "%s", addr));
	fake_remove(host, fake_path(DEVICES "%s/virtfn%u", pf, index));
}

static bool is_vf_in_use(const struct vfp_host *host, const char *pf, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		char group[64];

		name_of_link(host, fake_path(BUS "%s/virtfn%u/iommu_group", pf, i), group);
		if (*group && is_group_open(host, atoi(group)))
			return true;
	}
	return false;
}

/* A group is open when a fake process has it open. */
static bool is_group_open(const struct vfp_host *host, int group)
{
	vfp_autofree struct vfp_vfio_holder *holders = NULL;
	size_t n;
	int rc = -EIO;

	for (int i = 0; i < 3 && rc < 0; i++)
		rc = vfp_proc_vfio_holders(host, &holders, &n, NULL);
	if (rc < 0)
		abort();
	for (size_t i = 0; i < n; i++)
		if (holders[i].group == group)
			return true;
	return false;
}

/* A driver that does not exist binds nothing; one that is not for guests makes a netdev. */
static void bind_driver(const struct vfp_host *host, const char *device, const char *driver)
{
	char dev[IFNAMSIZ];

	if (!fake_exists(host, fake_path("/sys/bus/pci/drivers/%s", driver)))
		return;
	fake_link(host, fake_path("../../../bus/pci/drivers/%s", driver),
		  fake_path(DEVICES "%s/driver", device));
	if (strcmp(driver, "vfio-pci") != 0 && vf_netdev(host, device, dev))
		fake_netdev_add(host,
				&(struct fake_pf){.dev = dev, .pci = device, .is_down = true});
}

static void unbind_driver(const struct vfp_host *host, const char *device)
{
	char dev[IFNAMSIZ];

	fake_remove(host, fake_path(DEVICES "%s/driver", device));
	fake_remove(host, fake_path(DEVICES "%s/net", device));
	if (vf_netdev(host, device, dev))
		fake_remove(host, fake_path("/sys/class/net/%s", dev));
}

/* A VF's netdev is called as systemd would: the PF's name, "v" and the index. */
static bool vf_netdev(const struct vfp_host *host, const char *device, char ret_dev[IFNAMSIZ])
{
	struct vfp_pci pci, pf;
	struct vfp_vf vf;

	return vfp_pci_parse(device, &pci) == 0 &&
	       vfp_sysfs_whose_vf(host, &pci, &vf, &pf, NULL) == 0 &&
	       snprintf(ret_dev, IFNAMSIZ, "%.8sv%u", vf.pf, vf.index % 10000) > 0;
}

/* The last part of where a link points to, "" when there is none.  Tries again as read_all() does.
 */
static void name_of_link(const struct vfp_host *host, const char *path, char ret_name[64])
{
	char full[VFP_PATH_SIZE], target[VFP_PATH_SIZE];
	ssize_t length;

	vfp_host_path(host, full, "%s", path);
	length = readlink(full, target, sizeof(target) - 1);
	if (length < 0 && errno != ENOENT)
		length = readlink(full, target, sizeof(target) - 1);
	target[length > 0 ? length : 0] = '\0';
	vfp_copy(ret_name, 64, strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
}

static unsigned int read_count(const struct vfp_host *host, const char *path)
{
	vfp_autofree char *text = fake_read(host, path);

	return (unsigned int)strtoul(text, NULL, 10);
}
