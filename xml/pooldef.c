/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pool definitions: the XML of schemas/pool.rng into values and back.
 *
 * Elements, attributes and values are checked by the tables below, which know what is allowed and
 * can say so. The schema comes after them as the last word: what it refuses and they do not is
 * refused in its own, poorer words.
 */
#include "xml/pooldef.h"

#include <stdio.h>
#include <string.h>

#include "xml/block.h"
#include "schemas/schemas.h"
#include "xml/schema.h"
#include "xml/tree.h"

/* What may be in an element: words with blanks between them.  A child with a '+' may be there
 * repeatedly. */
struct shape {
	const char *element;
	const char *attrs;
	const char *children;
};

static const struct shape shapes[] = {
	{"vfpool", "", "name physicalNetwork pf+ placement portgroup+"},
	{"name", "", ""},
	{"physicalNetwork", "", ""},
	{"pf", "dev vfs", ""},
	{"placement", "policy numa park", ""},
	{"portgroup", "name default", "vlan vf"},
	{"vlan", "trunk", "tag"},
	{"tag", "id protocol", ""},
	{"vf", "spoofchk trust linkState qos minTxRate maxTxRate guestMtu", ""},
};

static const struct vfp_word yes_no[] = {{"yes", 1}, {"no", 0}, {NULL, 0}};
static const struct vfp_word on_off[] = {{"on", 1}, {"off", 0}, {NULL, 0}};
static const struct vfp_word trunk_words[] = {{"yes", 1}, {NULL, 0}};

VFP_DEFINE_AUTO(pooldef, struct vfp_pooldef *, vfp_pooldef_free)

static int check_shape(const struct vfp_xml_node *node, struct vfp_err *err);
static const char *has_word(const char *words, const char *word);
static int refuse_unknown(const struct vfp_xml_node *node, const char *what, const char *name,
			  const char *words, struct vfp_err *err);
static int check_no_text(const struct vfp_xml_node *node, struct vfp_err *err);
static int read_pool(const struct vfp_xml_node *root, struct vfp_pooldef *def, struct vfp_err *err);
static int read_name(const struct vfp_xml_node *root, const char *element, const char *what,
		     char ret_name[VFP_NAME_SIZE], struct vfp_err *err);
static int read_placement(const struct vfp_xml_node *node, struct vfp_pooldef *def,
			  struct vfp_err *err);
static int read_pfs(const struct vfp_xml_node *root, struct vfp_pooldef *def, struct vfp_err *err);
static int read_pf(const struct vfp_xml_node *node, struct vfp_pool_pf *ret_pf,
		   struct vfp_err *err);
static int read_portgroups(const struct vfp_xml_node *root, struct vfp_pooldef *def,
			   struct vfp_err *err);
static int read_portgroup(const struct vfp_xml_node *node, struct vfp_portgroup *ret_portgroup,
			  struct vfp_err *err);
static int check_against_others(const struct vfp_xml_node *node, const struct vfp_pooldef *def,
				struct vfp_err *err);
static int read_vlan(const struct vfp_xml_node *node, struct vfp_portgroup *portgroup,
		     struct vfp_err *err);
static int read_vf(const struct vfp_xml_node *node, struct vfp_portgroup *portgroup,
		   struct vfp_err *err);
static int read_word(const struct vfp_xml_node *node, const char *attr,
		     const struct vfp_word *table, int *value, struct vfp_err *err);
static int read_number(const struct vfp_xml_node *node, const char *attr, uint64_t min,
		       uint64_t max, uint64_t *value, struct vfp_err *err);
static void write_pf(const struct vfp_pool_pf *pf, struct vfp_block *block);
static void write_placement(const struct vfp_pooldef *def, struct vfp_block *block);
static void write_portgroup(const struct vfp_portgroup *portgroup, struct vfp_block *block);
static char *vf_attrs(const struct vfp_attrs *attrs);
static char *attr_unless(bool is_default, const char *attr, const char *value);
static char *number_attr(const char *attr, uint32_t value);

int vfp_pooldef_read(const char *text, size_t size, struct vfp_pooldef *ret_def,
		     struct vfp_err *err)
{
	vfp_auto(xmltree) root = NULL;
	struct vfp_pooldef def = {.park = true};
	vfp_auto(pooldef) given_back = &def;
	int rc;

	rc = vfp_xml_parse(text, size, &root, err);
	if (rc < 0)
		return rc;
	if (!vfp_xml_is(root, "vfpool"))
		return vfp_fail(err, EINVAL, "the document is a <%s>, expected <vfpool>",
				root->name);
	rc = check_shape(root, err);
	if (rc == 0)
		rc = read_pool(root, &def, err);
	if (rc == 0)
		rc = vfp_schema_check(text, size, vfp_schema_pool_rng, err);
	if (rc < 0)
		return rc;
	given_back = NULL;
	*ret_def = def;
	return 0;
}

int vfp_pooldef_write(const struct vfp_pooldef *def, char **ret_text, struct vfp_err *err)
{
	static const struct vfp_layout layout = {
		.eol = "\n", .indent = "", .unit = "  ", .unit_size = 2};
	vfp_auto(block) block = vfp_block_new();
	vfp_autofree char *text = NULL;

	(void)err;
	vfp_block_line(block, 0, "<vfpool>");
	vfp_block_line(block, 1, "<name>%s</name>", def->name);
	if (*def->physnet)
		vfp_block_line(block, 1, "<physicalNetwork>%s</physicalNetwork>", def->physnet);
	for (size_t i = 0; i < def->n_pfs; i++)
		write_pf(&def->pfs[i], block);
	write_placement(def, block);
	for (size_t i = 0; i < def->n_portgroups; i++)
		write_portgroup(&def->portgroups[i], block);
	vfp_block_line(block, 0, "</vfpool>");
	text = vfp_block_lay_out(block, &layout, false);
	*ret_text = vfp_format("%s\n", text);
	return 0;
}

/* Whether each element and attribute is known where it is. */
static int check_shape(const struct vfp_xml_node *node, struct vfp_err *err)
{
	const struct shape *shape = shapes;
	int rc;

	while (strcmp(shape->element, node->name) != 0)
		shape++;
	for (size_t i = 0; i < node->n_attrs; i++)
		if (node->attrs[i].space || !has_word(shape->attrs, node->attrs[i].name))
			return refuse_unknown(node, "attribute", node->attrs[i].name, shape->attrs,
					      err);
	for (const struct vfp_xml_node *child = node->first; child; child = child->next) {
		const char *found = has_word(shape->children, child->name);

		if (child->space || !found)
			return refuse_unknown(child, "element in", node->name, shape->children,
					      err);
		if (found[strlen(child->name)] != '+' && vfp_xml_child(node, child->name) != child)
			return vfp_xml_fail(child, err,
					    "a second one in <%s>, expected one at most",
					    node->name);
		rc = check_shape(child, err);
		if (rc < 0)
			return rc;
	}
	return *shape->children ? check_no_text(node, err) : 0;
}

/* Where @word is among @words, NULL when it is not. */
static const char *has_word(const char *words, const char *word)
{
	size_t size = strlen(word);

	for (; *words; words += strspn(words, " ")) {
		if (!strncmp(words, word, size) && strchr(" +", words[size]))
			return words;
		words += strcspn(words, " ");
	}
	return NULL;
}

static int refuse_unknown(const struct vfp_xml_node *node, const char *what, const char *name,
			  const char *words, struct vfp_err *err)
{
	vfp_autofree char *list = vfp_strdup(words);
	char *out = list;

	for (char *in = list; *in; in++)
		if (*in != '+')
			*out++ = *in;
	*out = '\0';
	return vfp_xml_fail(node, err, "unknown %s %s, expected %s%s", what, name,
			    *list ? "one of: " : "none", list);
}

static int check_no_text(const struct vfp_xml_node *node, struct vfp_err *err)
{
	vfp_autofree char *text = vfp_xml_text(node);

	return *text ? vfp_xml_fail(node, err, "text in it, expected elements only") : 0;
}

static int read_pool(const struct vfp_xml_node *root, struct vfp_pooldef *def, struct vfp_err *err)
{
	int rc;

	rc = read_name(root, "name", "pool", def->name, err);
	if (rc == 0 && vfp_xml_child(root, "physicalNetwork"))
		rc = read_name(root, "physicalNetwork", "physical network", def->physnet, err);
	if (rc == 0)
		rc = read_placement(vfp_xml_child(root, "placement"), def, err);
	if (rc == 0)
		rc = read_pfs(root, def, err);
	if (rc == 0)
		rc = read_portgroups(root, def, err);
	return rc;
}

static int read_name(const struct vfp_xml_node *root, const char *element, const char *what,
		     char ret_name[VFP_NAME_SIZE], struct vfp_err *err)
{
	const struct vfp_xml_node *node = vfp_xml_child(root, element);
	const char *name = node && node->text ? node->text : "";
	struct vfp_err why;

	if (!node)
		return vfp_xml_fail(root, err, "no <%s> in it", element);
	if (vfp_name_check(what, name, &why) < 0)
		return vfp_xml_fail(node, err, "%s", why.msg);
	vfp_copy(ret_name, VFP_NAME_SIZE, name);
	return 0;
}

static int read_placement(const struct vfp_xml_node *node, struct vfp_pooldef *def,
			  struct vfp_err *err)
{
	int policy = VFP_POLICY_SPREAD, numa = VFP_NUMA_PREFER, park = true;
	int rc;

	rc = read_word(node, "policy", vfp_policy_words, &policy, err);
	if (rc == 0)
		rc = read_word(node, "numa", vfp_numa_words, &numa, err);
	if (rc == 0)
		rc = read_word(node, "park", yes_no, &park, err);
	def->policy = (enum vfp_policy)policy;
	def->numa = (enum vfp_numa)numa;
	def->park = park;
	return rc;
}

static int read_pfs(const struct vfp_xml_node *root, struct vfp_pooldef *def, struct vfp_err *err)
{
	int rc;

	for (const struct vfp_xml_node *node = vfp_xml_child(root, "pf"); node;
	     node = vfp_xml_again(node)) {
		if (def->n_pfs == VFP_POOL_MAX_PFS)
			return vfp_xml_fail(node, err, "one too many, a pool has %d at most",
					    VFP_POOL_MAX_PFS);
		rc = read_pf(node, &def->pfs[def->n_pfs], err);
		if (rc < 0)
			return rc;
		for (size_t i = 0; i < def->n_pfs; i++)
			if (!strcmp(def->pfs[i].dev, def->pfs[def->n_pfs].dev))
				return vfp_xml_fail(node, err,
						    "PF %s is there twice: put its VFs into one "
						    "<pf dev='%s' vfs='…'/>",
						    def->pfs[i].dev, def->pfs[i].dev);
		def->n_pfs++;
	}
	if (def->n_pfs == 0)
		return vfp_xml_fail(root, err, "no <pf dev='…'/> in it: a pool is made of PFs");
	return 0;
}

static int read_pf(const struct vfp_xml_node *node, struct vfp_pool_pf *ret_pf, struct vfp_err *err)
{
	const char *dev = vfp_xml_attr(node, "dev");
	const char *vfs = vfp_xml_attr(node, "vfs");
	struct vfp_err why;

	/* Linux: dev_valid_name() in net/core/dev.c. */
	if (!dev || !*dev || dev[strcspn(dev, "/: \t\r\n")] || !strcmp(dev, ".") ||
	    !strcmp(dev, "..") || !vfp_copy(ret_pf->dev, sizeof(ret_pf->dev), dev))
		return vfp_xml_fail(node, err,
				    "dev='%s' is no network device, expected 1 to %zu "
				    "characters without '/', ':' and blanks",
				    dev ? dev : "", sizeof(ret_pf->dev) - 1);
	if (vfs && !*vfs)
		return vfp_xml_fail(node, err,
				    "vfs='' names no VF, expected for example 0,2-5, or no "
				    "vfs for all");
	if (vfp_range_parse(vfs ? vfs : "", ret_pf->vfs, &why) < 0)
		return vfp_xml_fail(node, err, "PF %s: %s", dev, why.msg);
	return 0;
}

static int read_portgroups(const struct vfp_xml_node *root, struct vfp_pooldef *def,
			   struct vfp_err *err)
{
	const struct vfp_xml_node *node = vfp_xml_child(root, "portgroup");
	size_t n = 0;
	int rc;

	for (const struct vfp_xml_node *child = node; child; child = vfp_xml_again(child))
		n++;
	if (n > VFP_POOL_MAX_PORTGROUPS)
		return vfp_xml_fail(node, err, "%zu of them, a pool has %d at most", n,
				    VFP_POOL_MAX_PORTGROUPS);
	def->portgroups = vfp_alloc(n ? n : 1, sizeof(*def->portgroups));
	for (; node; node = vfp_xml_again(node)) {
		rc = read_portgroup(node, &def->portgroups[def->n_portgroups], err);
		if (rc == 0)
			rc = check_against_others(node, def, err);
		if (rc < 0)
			return rc;
		def->n_portgroups++;
	}
	if (n == 0)
		def->portgroups[def->n_portgroups++] = vfp_portgroup_plain;
	return 0;
}

static int read_portgroup(const struct vfp_xml_node *node, struct vfp_portgroup *ret_portgroup,
			  struct vfp_err *err)
{
	struct vfp_portgroup portgroup = {.attrs = VFP_ATTRS_SCRUBBED};
	const char *name = vfp_xml_attr(node, "name");
	int is_default = false;
	struct vfp_err why;
	int rc;

	if (vfp_name_check("port group", name ? name : "", &why) < 0)
		return vfp_xml_fail(node, err, "%s", why.msg);
	vfp_copy(portgroup.name, sizeof(portgroup.name), name);
	rc = read_word(node, "default", yes_no, &is_default, err);
	if (rc == 0)
		rc = read_vlan(vfp_xml_child(node, "vlan"), &portgroup, err);
	if (rc == 0)
		rc = read_vf(vfp_xml_child(node, "vf"), &portgroup, err);
	if (rc < 0)
		return vfp_fail_in(err, rc, "port group %s", portgroup.name);
	portgroup.is_default = is_default;
	*ret_portgroup = portgroup;
	return 0;
}

static int check_against_others(const struct vfp_xml_node *node, const struct vfp_pooldef *def,
				struct vfp_err *err)
{
	const struct vfp_portgroup *last = &def->portgroups[def->n_portgroups];

	for (const struct vfp_portgroup *other = def->portgroups; other < last; other++) {
		if (!strcmp(other->name, last->name))
			return vfp_xml_fail(node, err, "port group %s is there twice", last->name);
		if (other->is_default && last->is_default)
			return vfp_xml_fail(
				node, err,
				"port groups %s and %s are both default='yes', expected "
				"one at most",
				other->name, last->name);
	}
	return 0;
}

static int read_vlan(const struct vfp_xml_node *node, struct vfp_portgroup *portgroup,
		     struct vfp_err *err)
{
	const struct vfp_xml_node *tag = vfp_xml_child(node, "tag");
	int is_trunk = false, protocol = portgroup->attrs.vlan_proto;
	uint64_t id = 0;
	int rc;

	if (!node)
		return 0;
	rc = read_word(node, "trunk", trunk_words, &is_trunk, err);
	if (rc == 0 && is_trunk == (tag != NULL))
		return vfp_xml_fail(node, err,
				    "expected either <vlan trunk='yes'/>, where the guest tags, or "
				    "<vlan><tag id='100'/></vlan>; leave <vlan> out for none");
	if (rc == 0 && tag && !vfp_xml_attr(tag, "id"))
		return vfp_xml_fail(tag, err, "no id in it, expected 1 to 4094");
	if (rc == 0)
		rc = read_number(tag, "id", 1, 4094, &id, err);
	if (rc == 0)
		rc = read_word(tag, "protocol", vfp_vlan_proto_words, &protocol, err);
	portgroup->vlan_mode = is_trunk ? VFP_VLAN_TRUNK : VFP_VLAN_ID;
	portgroup->attrs.vlan = (uint16_t)id;
	portgroup->attrs.vlan_proto = (uint16_t)protocol;
	return rc;
}

static int read_vf(const struct vfp_xml_node *node, struct vfp_portgroup *portgroup,
		   struct vfp_err *err)
{
	struct vfp_err why;
	int rc = 0;

	for (size_t i = 0; rc == 0 && node && i < node->n_attrs; i++)
		rc = vfp_portgroup_set(portgroup, node->attrs[i].name, node->attrs[i].value, &why);
	if (rc == 0)
		rc = vfp_portgroup_check(portgroup, &why);
	return rc < 0 ? vfp_xml_fail(node, err, "%s", why.msg) : 0;
}

/* An attribute that is absent leaves *value as it is; so does a @node of NULL. */
static int read_word(const struct vfp_xml_node *node, const char *attr,
		     const struct vfp_word *table, int *value, struct vfp_err *err)
{
	const char *word = vfp_xml_attr(node, attr);
	char list[64] = "";

	if (!word)
		return 0;
	if (vfp_word_parse(table, word) >= 0) {
		*value = vfp_word_parse(table, word);
		return 0;
	}
	for (; table->word; table++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
			 *list ? " or " : "", table->word);
	return vfp_xml_fail(node, err, "%s='%s', expected %s", attr, word, list);
}

static int read_number(const struct vfp_xml_node *node, const char *attr, uint64_t min,
		       uint64_t max, uint64_t *value, struct vfp_err *err)
{
	const char *text = vfp_xml_attr(node, attr);

	if (text && !vfp_number_parse(text, min, max, value))
		return vfp_xml_fail(node, err, "%s='%s', expected %llu to %llu", attr, text,
				    (unsigned long long)min, (unsigned long long)max);
	return 0;
}

static void write_pf(const struct vfp_pool_pf *pf, struct vfp_block *block)
{
	vfp_autofree char *dev = vfp_xml_escape(pf->dev);

	vfp_block_line(block, 1, "<pf dev='%s'%s%s%s/>", dev, *pf->vfs ? " vfs='" : "", pf->vfs,
		       *pf->vfs ? "'" : "");
}

static void write_placement(const struct vfp_pooldef *def, struct vfp_block *block)
{
	vfp_autofree char *policy = attr_unless(def->policy == VFP_POLICY_SPREAD, "policy",
						vfp_word_of(vfp_policy_words, (int)def->policy));
	vfp_autofree char *numa = attr_unless(def->numa == VFP_NUMA_PREFER, "numa",
					      vfp_word_of(vfp_numa_words, (int)def->numa));
	vfp_autofree char *park = attr_unless(def->park, "park", "no");

	if (*policy || *numa || *park)
		vfp_block_line(block, 1, "<placement%s%s%s/>", policy, numa, park);
}

static void write_portgroup(const struct vfp_portgroup *portgroup, struct vfp_block *block)
{
	const struct vfp_attrs *attrs = &portgroup->attrs;
	vfp_autofree char *vf = vf_attrs(attrs);
	vfp_autofree char *protocol =
		attr_unless(attrs->vlan_proto == vfp_attrs_scrubbed.vlan_proto, "protocol",
			    vfp_word_of(vfp_vlan_proto_words, attrs->vlan_proto));
	bool is_empty = portgroup->vlan_mode == VFP_VLAN_NONE && !*vf;

	vfp_block_line(block, 1, "<portgroup name='%s'%s%s>", portgroup->name,
		       portgroup->is_default ? " default='yes'" : "", is_empty ? "/" : "");
	if (is_empty)
		return;
	if (portgroup->vlan_mode == VFP_VLAN_TRUNK)
		vfp_block_line(block, 2, "<vlan trunk='yes'/>");
	if (portgroup->vlan_mode == VFP_VLAN_ID)
		vfp_block_line(block, 2, "<vlan><tag id='%u'%s/></vlan>", attrs->vlan, protocol);
	if (*vf)
		vfp_block_line(block, 2, "<vf%s/>", vf);
	vfp_block_line(block, 1, "</portgroup>");
}

/* Those that differ from a scrubbed VF's, each with a blank before it. */
static char *vf_attrs(const struct vfp_attrs *attrs)
{
	const struct vfp_attrs *plain = &vfp_attrs_scrubbed;
	vfp_autofree char *spoofchk = attr_unless(attrs->spoofchk == plain->spoofchk, "spoofchk",
						  vfp_word_of(on_off, attrs->spoofchk));
	vfp_autofree char *trust = attr_unless(attrs->trust == plain->trust, "trust",
					       vfp_word_of(on_off, attrs->trust));
	vfp_autofree char *link =
		attr_unless(attrs->link_state == plain->link_state, "linkState",
			    vfp_word_of(vfp_link_state_words, (int)attrs->link_state));
	vfp_autofree char *qos = number_attr("qos", attrs->qos);
	vfp_autofree char *min_rate = number_attr("minTxRate", attrs->min_rate_mbps);
	vfp_autofree char *max_rate = number_attr("maxTxRate", attrs->max_rate_mbps);

	return vfp_format("%s%s%s%s%s%s", spoofchk, trust, link, qos, min_rate, max_rate);
}

static char *attr_unless(bool is_default, const char *attr, const char *value)
{
	return is_default ? vfp_strdup("") : vfp_format(" %s='%s'", attr, value);
}

static char *number_attr(const char *attr, uint32_t value)
{
	return value ? vfp_format(" %s='%u'", attr, value) : vfp_strdup("");
}
