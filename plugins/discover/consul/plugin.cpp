// The plugin "discover-consul": targets from services that are registered in Consul.
#include "plugins/discover/consul/consul_unit.hpp"
#include "plugins/discover/consul/suggestion.hpp"
#include "plugins/lib/discovery/declaration.hpp"
#include "plugins/lib/discovery/discovery_plugin.hpp"

namespace tarsier::discover_consul {
namespace {

class ConsulPlugin final : public discovery::DiscoveryPlugin<ConsulUnit> {
 public:
  using DiscoveryPlugin::DiscoveryPlugin;

  static Result<void> suggest(const Suggestions& to) {
    if (const auto found = suggest_agent("127.0.0.1:8500")) to.add(*found);
    return {};
  }
};

using discovery::setting;
constexpr tarsier_config_key kKeys[] = {
    discovery::configs("a Consul agent that knows targets of one job"),
    discovery::kJobName,
    setting("config[].server", TARSIER_KEY_STRING, "localhost:8500", "host:port of the agent"),
    setting("config[].scheme", TARSIER_KEY_STRING, "http", "http or https", "http|https"),
    setting("config[].path_prefix", TARSIER_KEY_STRING, "", "in front of /v1, behind a proxy"),
    setting("config[].token", TARSIER_KEY_STRING, nullptr, "ACL token", nullptr, TARSIER_KEY_SECRET),
    setting("config[].datacenter", TARSIER_KEY_STRING, nullptr, "the agent's when absent"),
    setting("config[].namespace", TARSIER_KEY_STRING, nullptr, "of Consul Enterprise"),
    setting("config[].partition", TARSIER_KEY_STRING, nullptr, "of Consul Enterprise"),
    setting("config[].services[]", TARSIER_KEY_STRING, nullptr, "services to look for; all when absent"),
    setting("config[].tags[]", TARSIER_KEY_STRING, nullptr, "only services and instances that have all of these"),
    setting("config[].node_meta.*", TARSIER_KEY_STRING, nullptr, "only what is on nodes with this metadata"),
    setting("config[].filter", TARSIER_KEY_STRING, nullptr, "Consul's filter expression for the catalog"),
    setting("config[].health_filter", TARSIER_KEY_STRING, nullptr, "the same for instances of services"),
    setting("config[].tag_separator", TARSIER_KEY_STRING, ",", "between and around the tags in __meta_consul_tags"),
    setting("config[].allow_stale", TARSIER_KEY_BOOL, "true", "any server may answer, not only the leader"),
    discovery::refresh_interval("30s", "a question is not asked more often than that"),
};
constexpr auto kKeyTable = discovery::key_table(kKeys, discovery::kHttpKeys);

constexpr tarsier_plugin kPlugin = discovery::declare<ConsulPlugin>({
    .id = "discover-consul",
    .version = "0.1.0",
    .summary = "Finds targets among the services that are registered in Consul.",
    .keys = kKeyTable.data(),
    .needs = discovery::kHttpNeedTable.data(),
    .sample_toml =
        "[[plugin.discover-consul.config]]\njob_name = \"backends\"\nserver = \"localhost:8500\"\nservices = [\"web\"]\n",
});

}  // namespace
}  // namespace tarsier::discover_consul

TARSIER_PLUGIN(tarsier::discover_consul::kPlugin, "discover-consul", "discovery", "0.1.0")
