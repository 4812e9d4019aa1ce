/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pool definitions: make one, change it, end it, and keep the members file abreast.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool/book.h"
#include "pool/members.h"

/* Who keeps something from going. */
struct user {
	struct vfp_owner owner;
	struct vfp_mac mac;
};

/* All definitions, for one variable. */
struct defs {
	struct vfp_pooldef *defs;
	size_t n;
};

/* The PFs of the host.  They are looked at before the transaction: while somebody takes VFs away
 * the kernel may let a reader of sysfs wait without end, and then it shall not hold up every other
 * writer. */
struct hardware {
	struct vfp_pf *pfs;
	size_t n;
};

static void free_defs(struct defs *defs);

VFP_DEFINE_AUTO(defs, struct defs *, free_defs)
VFP_DEFINE_AUTO(pooldef, struct vfp_pooldef *, vfp_pooldef_free)
VFP_DEFINE_AUTO(members, struct vfp_members *, vfp_members_free)

static int check_names(const struct vfp_pooldef *def, struct vfp_err *err);
static int check_network(const struct vfp_host *host, const char *name, struct vfp_err *err);
static int check_pfs(struct vfp_pool *pool, const struct vfp_pooldef *def, struct vfp_err *err);
static int check_overlap(struct vfp_pool *pool, const struct vfp_pooldef *def, struct vfp_err *err);
static int check_leases(struct vfp_pool *pool, const struct vfp_pooldef *def, struct vfp_err *err);
static int check_pins(struct vfp_pool *pool, const struct vfp_pooldef *def, struct vfp_err *err);
static int put_def(struct vfp_pool *pool, const struct vfp_pooldef *def, struct vfp_err *err);
static int change_portgroup(struct vfp_pooldef *def, const char *name, const char *const *settings,
			    size_t n, char **ret_words, struct vfp_err *err);
static int put_portgroups(struct vfp_pool *pool, int64_t id, const struct vfp_pooldef *def,
			  struct vfp_err *err);
static int find_user(struct vfp_pool *pool, enum vfp_sql sql, int64_t id, struct user *ret_user,
		     struct vfp_err *err);
static int read_members(struct vfp_pool *pool, const struct hardware *hardware,
			struct vfp_members *ret, struct vfp_err *err);
static int write_coming(struct vfp_pool *pool, const struct hardware *hardware,
			struct vfp_members *before, struct vfp_err *err);
static int write_locked(struct vfp_pool *pool, const struct hardware *hardware,
			struct vfp_err *err);
static int write_present(struct vfp_pool *pool, const struct hardware *hardware,
			 struct vfp_err *err);

int vfp_pool_define(struct vfp_pool *pool, const struct vfp_pooldef *def, struct vfp_err *err)
{
	struct vfp_members read = {0};
	vfp_auto(members) before = &read;
	vfp_auto(db_transaction) change = NULL;
	int (*const checks[])(struct vfp_pool *, const struct vfp_pooldef *, struct vfp_err *) = {
		check_overlap,
		check_leases,
		check_pins,
		put_def,
	};
	vfp_autofree struct vfp_pf *pfs = NULL;
	struct hardware hardware = {0};
	int rc = check_names(def, err);

	if (rc < 0)
		return rc;
	rc = check_network(pool->host, def->name, err);
	if (rc < 0)
		return rc;
	rc = check_pfs(pool, def, err);
	if (rc < 0)
		return vfp_fail_in(err, rc, "pool %s", def->name);
	rc = vfp_sysfs_pfs(pool->host, &pfs, &hardware.n, err);
	if (rc < 0)
		return rc;
	hardware.pfs = pfs;
	rc = vfp_book_begin(pool, &change, err);
	if (rc < 0)
		return rc;
	rc = read_members(pool, &hardware, before, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < VFP_N(checks); i++) {
		rc = checks[i](pool, def, err);
		if (rc < 0)
			return vfp_fail_in(err, rc, "pool %s", def->name);
	}
	rc = write_coming(pool, &hardware, before, err);
	if (rc < 0)
		return rc;
	rc = vfp_db_commit(&change, err);
	if (rc < 0)
		return rc;
	return write_present(pool, &hardware, err);
}

int vfp_pool_set_portgroup(struct vfp_pool *pool, const char *name, const char *portgroup,
			   const char *const *settings, size_t n, char **ret_words,
			   struct vfp_err *err)
{
	struct vfp_pooldef read = {0};
	vfp_auto(pooldef) def = &read;
	vfp_auto(db_transaction) change = NULL;
	vfp_autofree struct vfp_pf *pfs = NULL;
	vfp_autofree char *words = NULL;
	struct hardware hardware = {0};
	int64_t id;
	int rc = vfp_sysfs_pfs(pool->host, &pfs, &hardware.n, err);

	hardware.pfs = pfs;
	if (rc == 0)
		rc = vfp_book_begin(pool, &change, err);
	if (rc == 0)
		rc = vfp_pool_get(pool, name, def, err);
	if (rc == 0)
		rc = change_portgroup(def, portgroup, settings, n, &words, err);
	if (rc == 0)
		rc = vfp_book_pool_id(pool, name, &id, err);
	if (rc == 0 && *words)
		rc = put_portgroups(pool, id, def, err);
	if (rc == 0 && *words)
		rc = vfp_book_note(pool, "portgroup", &(struct vfp_about){.pool = name}, err,
				   "%s: %s", portgroup, words);
	if (rc == 0 && *words)
		rc = vfp_db_commit(&change, err);
	/* The file says what it said; that it is written anew makes the service look at every
	 * definition. */
	if (rc == 0 && *words)
		rc = write_present(pool, &hardware, err);
	if (rc == 0)
		*ret_words = VFP_TAKE(words);
	return rc;
}

int vfp_pool_check_members(struct vfp_pool *pool, struct vfp_err *err)
{
	struct vfp_members wanted = {0}, found = {0};
	vfp_auto(members) expected = &wanted, file = &found;
	vfp_autofree struct vfp_pf *pfs = NULL;
	struct hardware hardware = {0};
	struct vfp_err broken = {0};
	int rc = vfp_sysfs_pfs(pool->host, &pfs, &hardware.n, err);

	hardware.pfs = pfs;
	if (rc == 0)
		rc = read_members(pool, &hardware, expected, err);
	if (rc == 0)
		rc = vfp_members_read(pool->host, file, &broken);
	if (rc < 0 && broken.code)
		return vfp_fail(err, rc == -EUCLEAN ? ESTALE : -rc, "%s", broken.msg);
	return rc < 0 ? rc : vfp_members_compare(expected, file, err);
}

int vfp_pool_write_members(struct vfp_pool *pool, struct vfp_err *err)
{
	vfp_autofree struct vfp_pf *pfs = NULL;
	struct hardware hardware = {0};
	int rc = vfp_sysfs_pfs(pool->host, &pfs, &hardware.n, err);

	hardware.pfs = pfs;
	if (rc == 0)
		rc = write_locked(pool, &hardware, err);
	if (rc < 0)
		return rc;
	return vfp_pool_note(pool, "members", NULL, NULL, NULL, "written anew", err);
}

int vfp_pool_undefine(struct vfp_pool *pool, const char *name, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	vfp_autofree struct vfp_pf *pfs = NULL;
	struct hardware hardware;
	char mac[VFP_MAC_SIZE];
	struct user user;
	int64_t id;
	int rc = vfp_sysfs_pfs(pool->host, &pfs, &hardware.n, err);

	if (rc < 0)
		return rc;
	hardware.pfs = pfs;
	rc = vfp_book_begin(pool, &change, err);
	if (rc < 0)
		return rc;
	rc = vfp_book_pool_id(pool, name, &id, err);
	if (rc < 0)
		return rc;
	rc = find_user(pool, VFP_SQL_POOL_USER, id, &user, err);
	if (rc < 0)
		return rc;
	if (rc > 0)
		return vfp_fail(
			err, EBUSY,
			"pool %s: domain %s has a port on it (MAC %s); see: vfpool domain unbind %s",
			name, user.owner.name, vfp_mac_format(&user.mac, mac), user.owner.name);
	rc = vfp_db_run(pool->db, VFP_SQL_POOL_DELETE, VFP_VALUES(VFP_NUMBER(id)), NULL, err);
	if (rc < 0)
		return rc;
	rc = vfp_book_note(pool, "undefine", &(struct vfp_about){.pool = name}, err, "%s", "");
	if (rc < 0)
		return rc;
	rc = vfp_db_commit(&change, err);
	if (rc < 0)
		return rc;
	return write_present(pool, &hardware, err);
}

/* --- What a definition may not say ------------------------------------------------------------ */

static int check_names(const struct vfp_pooldef *def, struct vfp_err *err)
{
	int rc = vfp_name_check("pool", def->name, err);

	for (size_t i = 0; rc == 0 && i < def->n_portgroups; i++)
		rc = vfp_name_check("port group", def->portgroups[i].name, err);
	return rc;
}

/* Definitions that mean a libvirt network would be taken over by a pool of that name.  libvirt
 * keeps a persistent network in /etc/libvirt/qemu/networks and a running one in
 * /run/libvirt/network (src/network/bridge_driver.c, networkStateInitialize();
 * virNetworkConfigFile() makes both file names). */
static int check_network(const struct vfp_host *host, const char *name, struct vfp_err *err)
{
	static const char *const folders[] = {"/etc/libvirt/qemu/networks", "/run/libvirt/network"};
	char path[VFP_PATH_SIZE];

	for (size_t i = 0; i < VFP_N(folders); i++)
		if (access(vfp_host_path(host, path, "%s/%s.xml", folders[i], name), F_OK) == 0)
			return vfp_fail(
				err, EEXIST,
				"pool %s: libvirt has a network of that name (%s), and domains that "
				"mean it would be given VFs; choose another name",
				name, path);
	return 0;
}

static const struct vfp_pool_pf *find_pf(const struct vfp_pooldef *def, const char *dev)
{
	for (size_t i = 0; i < def->n_pfs; i++)
		if (!strcmp(def->pfs[i].dev, dev))
			return &def->pfs[i];
	return NULL;
}

static int check_pf(const struct vfp_host *host, const struct vfp_pool_pf *wanted,
		    struct vfp_err *err)
{
	const char *dev = wanted->dev;
	struct vfp_pf pf;
	int rc = vfp_sysfs_pf(host, dev, &pf, err);

	if (rc == -ENOENT)
		return vfp_fail(err, ENODEV,
				"PF %s: there is no such network device; see: vfpool pf list", dev);
	if (rc < 0)
		return rc;
	if (pf.status == VFP_SRIOV_UNSUPPORTED)
		return vfp_fail(err, ENODEV,
				"PF %s (driver %s): has no SR-IOV; see: vfpool pf list", dev,
				*pf.driver ? pf.driver : "none");
	/* 0 is a firmware's switch, which may be turned. */
	for (unsigned int i = pf.total_vfs; *wanted->vfs && pf.total_vfs && i < VFP_MAX_VFS; i++)
		if (vfp_range_has(wanted->vfs, i))
			return vfp_fail(
				err, ERANGE,
				"PF %s: has no VF %u, of %s: it can have %u, which are 0-%u", dev,
				i, wanted->vfs, pf.total_vfs, pf.total_vfs - 1);
	return 0;
}

/* A PF that the pool has already may be absent: a pulled card must not stop every change. */
static int check_pfs(struct vfp_pool *pool, const struct vfp_pooldef *def, struct vfp_err *err)
{
	struct vfp_pooldef read = {0};
	vfp_auto(pooldef) former = &read;
	int rc = vfp_pool_get(pool, def->name, former, err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (def->n_pfs == 0)
		return vfp_fail(err, EINVAL, "names no PF; add <pf dev='…'/>");
	for (size_t i = 0; i < def->n_pfs; i++) {
		const char *dev = def->pfs[i].dev;

		if (find_pf(def, dev) != &def->pfs[i])
			return vfp_fail(err, EINVAL, "names PF %s twice; put both ranges into one",
					dev);
		if (find_pf(former, dev))
			continue;
		rc = check_pf(pool->host, &def->pfs[i], err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A VF is in one pool at the most. */
static int check_overlap(struct vfp_pool *pool, const struct vfp_pooldef *def, struct vfp_err *err)
{
	struct defs read = {0};
	vfp_auto(defs) all = &read;
	int rc = vfp_pool_list(pool, &all->defs, &all->n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < all->n * def->n_pfs; i++) {
		const struct vfp_pooldef *other = &all->defs[i / def->n_pfs];
		const struct vfp_pool_pf *mine = &def->pfs[i % def->n_pfs];
		const struct vfp_pool_pf *theirs = find_pf(other, mine->dev);

		if (strcmp(other->name, def->name) != 0 && theirs &&
		    vfp_range_overlap(mine->vfs, theirs->vfs))
			return vfp_fail(err, EEXIST,
					"PF %s: VFs %s of it overlap with pool %s, which has %s",
					mine->dev, *mine->vfs ? mine->vfs : "(all)", other->name,
					*theirs->vfs ? theirs->vfs : "all of them");
	}
	return 0;
}

/* A VF that somebody holds stays in its pool. */
static int check_leases(struct vfp_pool *pool, const struct vfp_pooldef *def, struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	char words[256], home[VFP_NAME_SIZE];
	size_t n;
	int rc = vfp_book_leases(pool, NULL, &leases, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct vfp_vf *vf = &leases[i].vf;
		const struct vfp_pool_pf *pf = find_pf(def, vf->pf);

		rc = vfp_book_pool_of(pool, vf, home, err);
		if (rc < 0)
			return rc;
		if (strcmp(home, def->name) != 0 || (pf && vfp_range_has(pf->vfs, vf->index)))
			continue;
		return vfp_fail(err, EBUSY, "would lose a VF that is in use: %s",
				vfp_lease_format(pool->host, &leases[i], words, sizeof(words)));
	}
	return rc;
}

/* A VF that a NIC is pinned to stays as well: its domain could not start any more. */
static int check_pins(struct vfp_pool *pool, const struct vfp_pooldef *def, struct vfp_err *err)
{
	vfp_autofree struct vfp_port_row *rows = NULL;
	char name[VFP_VF_SIZE], mac[VFP_MAC_SIZE];
	size_t n;
	int rc = vfp_book_ports(pool, NULL, &rows, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct vfp_port *port = &rows[i].port;
		const struct vfp_pool_pf *pf = find_pf(def, port->vf.pf);

		if (!port->is_pinned || strcmp(port->pool, def->name) != 0 ||
		    (pf && vfp_range_has(pf->vfs, port->vf.index)))
			continue;
		vfp_vf_format(&port->vf, name);
		vfp_mac_format(&port->mac, mac);
		return vfp_fail(
			err, EBUSY,
			"would lose VF %s, which domain %s is pinned to; see: vfpool domain "
			"pin %s --mac %s --vf auto",
			name, port->owner.name, port->owner.name, mac);
	}
	return rc;
}

/* --- The book --------------------------------------------------------------------------------- */

static int put_pfs(struct vfp_pool *pool, int64_t id, const struct vfp_pooldef *def,
		   struct vfp_err *err)
{
	int rc = vfp_db_run(pool->db, VFP_SQL_POOL_PF_CLEAR, VFP_VALUES(VFP_NUMBER(id)), NULL, err);

	for (size_t i = 0; rc == 0 && i < def->n_pfs; i++) {
		const struct vfp_pool_pf *pf = &def->pfs[i];

		rc = vfp_db_run(pool->db, VFP_SQL_PF_PUT, VFP_VALUES(VFP_TEXT(pf->dev)), NULL, err);
		if (rc < 0)
			return rc;
		rc = vfp_db_run(pool->db, VFP_SQL_POOL_PF_PUT,
				VFP_VALUES(VFP_NUMBER(id), VFP_TEXT(pf->dev), VFP_NUMBER(i),
					   VFP_TEXT(pf->vfs)),
				NULL, err);
	}
	return rc;
}

static int put_portgroup(struct vfp_pool *pool, int64_t id, size_t place,
			 const struct vfp_portgroup *group, struct vfp_err *err)
{
	return vfp_db_run(pool->db, VFP_SQL_PORTGROUP_PUT,
			  VFP_VALUES(VFP_NUMBER(id), VFP_TEXT(group->name), VFP_NUMBER(place),
				     VFP_NUMBER(group->is_default),
				     VFP_VALUES_ATTRS(group->vlan_mode, &group->attrs)),
			  NULL, err);
}

static const struct vfp_portgroup *find_portgroup(const struct vfp_portgroup *groups, size_t n,
						  const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(groups[i].name, name))
			return &groups[i];
	return NULL;
}

/* Ends the port groups of the pool that are not among @groups. */
static int drop_portgroups(struct vfp_pool *pool, int64_t id, const struct vfp_portgroup *groups,
			   size_t n, struct vfp_err *err)
{
	vfp_autofree struct vfp_portgroup_row *rows = NULL;
	char mac[VFP_MAC_SIZE];
	struct user user;
	size_t n_rows;
	int rc = vfp_book_portgroups(pool, id, &rows, &n_rows, err);

	for (size_t i = 0; rc == 0 && i < n_rows; i++) {
		if (find_portgroup(groups, n, rows[i].portgroup.name))
			continue;
		rc = find_user(pool, VFP_SQL_PORTGROUP_USER, rows[i].id, &user, err);
		if (rc > 0)
			return vfp_fail(err, EBUSY,
					"would lose port group %s, which domain %s uses (MAC %s)",
					rows[i].portgroup.name, user.owner.name,
					vfp_mac_format(&user.mac, mac));
		if (rc == 0)
			rc = vfp_db_run(pool->db, VFP_SQL_PORTGROUP_DELETE,
					VFP_VALUES(VFP_NUMBER(rows[i].id)), NULL, err);
	}
	return rc;
}

/* Port groups that stay keep their rows, and with them their ports. */
static int put_portgroups(struct vfp_pool *pool, int64_t id, const struct vfp_pooldef *def,
			  struct vfp_err *err)
{
	const struct vfp_portgroup *groups =
		def->n_portgroups ? def->portgroups : &vfp_portgroup_plain;
	const size_t n = def->n_portgroups ? def->n_portgroups : 1;
	int rc = drop_portgroups(pool, id, groups, n, err);

	if (rc < 0)
		return rc;
	/* There is one default at any moment, so the old one steps back before the new one
	 * comes. */
	rc = vfp_db_run(pool->db, VFP_SQL_PORTGROUP_UNDEFAULT, VFP_VALUES(VFP_NUMBER(id)), NULL,
			err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = put_portgroup(pool, id, i, &groups[i], err);
	return rc;
}

/* A pool has one default: whoever becomes it takes the place of the former. */
static int change_portgroup(struct vfp_pooldef *def, const char *name, const char *const *settings,
			    size_t n, char **ret_words, struct vfp_err *err)
{
	struct vfp_portgroup *group = NULL;
	struct vfp_portgroup changed;
	int rc;

	for (size_t i = 0; !group && i < def->n_portgroups; i++)
		if (!strcmp(def->portgroups[i].name, name))
			group = &def->portgroups[i];
	if (!group)
		return vfp_fail(err, ENOENT,
				"pool %s has no port group %s; see: vfpool portgroup list %s",
				def->name, name, def->name);
	changed = *group;
	rc = vfp_portgroup_change(&changed, settings, n, err);
	if (rc < 0)
		return rc;
	*ret_words = vfp_portgroup_diff(group, &changed);
	for (size_t i = 0; changed.is_default && i < def->n_portgroups; i++)
		def->portgroups[i].is_default = false;
	*group = changed;
	return 0;
}

static int put_def(struct vfp_pool *pool, const struct vfp_pooldef *def, struct vfp_err *err)
{
	int64_t id;
	int rc = vfp_db_run(pool->db, VFP_SQL_POOL_PUT,
			    VFP_VALUES(VFP_TEXT(def->name), VFP_TEXT(def->physnet),
				       VFP_WORD(vfp_policy_words, def->policy),
				       VFP_WORD(vfp_numa_words, def->numa), VFP_NUMBER(def->park)),
			    NULL, err);

	if (rc < 0)
		return rc;
	rc = vfp_book_pool_id(pool, def->name, &id, err);
	if (rc < 0)
		return rc;
	rc = put_pfs(pool, id, def, err);
	if (rc < 0)
		return rc;
	rc = put_portgroups(pool, id, def, err);
	if (rc < 0)
		return rc;
	return vfp_book_note(pool, "define", &(struct vfp_about){.pool = def->name}, err,
			     "%zu PFs, %zu port groups", def->n_pfs,
			     def->n_portgroups ? def->n_portgroups : 1);
}

/* 1: somebody uses what row @id is; 0: nobody. */
static int find_user(struct vfp_pool *pool, enum vfp_sql sql, int64_t id, struct user *ret_user,
		     struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		VFP_COLUMN_TEXT(struct user, owner.uuid),
		VFP_COLUMN_TEXT(struct user, owner.name),
		VFP_COLUMN_MAC(struct user, mac),
	};
	static const struct vfp_shape shape = VFP_SHAPE(struct user, columns);

	return vfp_db_row(pool->db, sql, VFP_VALUES(VFP_NUMBER(id)), &shape, ret_user, err);
}

static void free_defs(struct defs *defs)
{
	vfp_book_free_defs(defs->defs, defs->n);
}

/* --- The members file ------------------------------------------------------------------------- */

/* Where the PF is; where it was when the file was written, if it is not there now. */
static struct vfp_pci pci_of(const struct hardware *hardware, const struct vfp_members *file,
			     const char *dev)
{
	for (size_t i = 0; i < hardware->n; i++)
		if (!strcmp(hardware->pfs[i].dev, dev))
			return hardware->pfs[i].pci;
	for (size_t i = 0; i < file->n_pfs; i++)
		if (!strcmp(file->pfs[i].dev, dev))
			return file->pfs[i].pci;
	return (struct vfp_pci){0};
}

static void add_def(struct vfp_members *members, const struct vfp_pooldef *def,
		    const struct hardware *hardware, const struct vfp_members *file)
{
	vfp_members_add_pool(members, def->name);
	for (size_t i = 0; i < def->n_pfs; i++) {
		struct vfp_members_pf pf = {.pci = pci_of(hardware, file, def->pfs[i].dev)};

		vfp_copy(pf.pool, sizeof(pf.pool), def->name);
		vfp_copy(pf.dev, sizeof(pf.dev), def->pfs[i].dev);
		vfp_copy(pf.vfs, sizeof(pf.vfs), def->pfs[i].vfs);
		vfp_members_add_pf(members, &pf);
	}
}

/* Adds what the file is to say, by the database as the transaction at hand sees it. */
static int read_members(struct vfp_pool *pool, const struct hardware *hardware,
			struct vfp_members *ret, struct vfp_err *err)
{
	struct defs read = {0};
	struct vfp_members read_file = {0};
	vfp_auto(defs) all = &read;
	vfp_auto(members) file = &read_file;
	int rc = vfp_pool_list(pool, &all->defs, &all->n, err);

	if (rc < 0)
		return rc;
	/* A file that is none of ours is about to be replaced; only the addresses of absent PFs are
	 * lost. */
	vfp_members_read(pool->host, file, NULL);
	for (size_t i = 0; i < all->n; i++)
		add_def(ret, &all->defs[i], hardware, file);
	return 0;
}

/* Before the commit: what was, which @before has already, and what comes. */
static int write_coming(struct vfp_pool *pool, const struct hardware *hardware,
			struct vfp_members *before, struct vfp_err *err)
{
	int rc = read_members(pool, hardware, before, err);

	if (rc < 0)
		return rc;
	return vfp_members_write(pool->host, before, err);
}

/* Under the writers' lock, so that a file made from an older view never replaces one that was made
 * from a newer. */
static int write_locked(struct vfp_pool *pool, const struct hardware *hardware, struct vfp_err *err)
{
	struct vfp_members read = {0};
	vfp_auto(members) present = &read;
	vfp_auto(db_transaction) change = NULL;
	int rc = vfp_book_begin(pool, &change, err);

	if (rc == 0)
		rc = read_members(pool, hardware, present, err);
	if (rc == 0)
		rc = vfp_members_write(pool->host, present, err);
	return rc;
}

/* After the commit: what is. */
static int write_present(struct vfp_pool *pool, const struct hardware *hardware,
			 struct vfp_err *err)
{
	int rc = write_locked(pool, hardware, err);

	if (rc < 0)
		return vfp_fail_in(
			err, rc, "the change is made, but not the members file; see: vfpool check");
	return 0;
}
