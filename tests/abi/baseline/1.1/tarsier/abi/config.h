/* tarsier/abi/config.h - host service "tarsier.config/1": reading the checked configuration.
 *
 * The tree has been checked against the plugin's schema: types are right, units are converted (durations to ns, sizes to bytes),
 * defaults are filled in, secrets are resolved. Nodes are valid during the configure or reconfigure call that passed them. */
#ifndef TARSIER_ABI_CONFIG_H
#define TARSIER_ABI_CONFIG_H
#include "module.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_CONFIG_SERVICE "tarsier.config/1"
typedef int32_t tarsier_node_kind;
enum {
  TARSIER_NODE_STRING = 1,
  TARSIER_NODE_INT = 2, /* also durations, sizes, rates */
  TARSIER_NODE_FLOAT = 3,
  TARSIER_NODE_BOOL = 4,
  TARSIER_NODE_ARRAY = 5,
  TARSIER_NODE_TABLE = 6
};
typedef struct tarsier_config_api {
  uint32_t size;
  /* [ctl] */
  tarsier_node_kind (*kind)(const tarsier_config_node *node);
  /* [ctl] Entries of an array or a table; 0 for values. */
  uint64_t (*count)(const tarsier_config_node *node);
  /* [ctl] The entry at `index` of an array or a table (in the order of the file), NULL when out of range. */
  const tarsier_config_node *(*at)(const tarsier_config_node *node, uint64_t index);
  /* [ctl] The name of a table's entry. */
  tarsier_str (*key_at)(const tarsier_config_node *node, uint64_t index);
  /* [ctl] The entry named `key` of a table, NULL when absent and without default. */
  const tarsier_config_node *(*get)(const tarsier_config_node *node, tarsier_str key);
  /* [ctl] The value; "" / 0 / 0.0 / 0 when the node is of another kind (as_float takes integers). */
  tarsier_str (*as_string)(const tarsier_config_node *node);
  int64_t (*as_int)(const tarsier_config_node *node);
  double (*as_float)(const tarsier_config_node *node);
  int32_t (*as_bool)(const tarsier_config_node *node);
  /* [ctl] "config/tarsier.toml:14:3: plugin.scrape.job[2].interval", to begin an error message with. */
  tarsier_str (*location)(const tarsier_config_node *node);
  /* [ctl] The directory of the file that the node was written in: relative paths in a configuration start there. */
  tarsier_str (*directory)(const tarsier_config_node *node);
} tarsier_config_api;
#ifdef __cplusplus
}
#endif
#endif
