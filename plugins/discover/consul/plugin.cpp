// The plugin "discover-consul": targets from services that are registered in Consul.
#include "plugins/discover/consul/consul_unit.hpp"
#include "plugins/discover/consul/suggestion.hpp"
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

constexpr uint32_t kReloadable = TARSIER_KEY_RELOADABLE;
constexpr tarsier_config_key kKeys[] = {
    key("config[]", TARSIER_KEY_TABLE, nullptr, "a Consul agent that knows targets of one job", nullptr, kReloadable),
    key("config[].job_name", TARSIER_KEY_STRING, nullptr, "the scrape job that gets the targets", nullptr,
        TARSIER_KEY_REQUIRED | kReloadable),
    key("config[].server", TARSIER_KEY_STRING, "localhost:8500", "host:port of the agent", nullptr, kReloadable),
    key("config[].scheme", TARSIER_KEY_STRING, "http", "http or https", "http|https", kReloadable),
    key("config[].path_prefix", TARSIER_KEY_STRING, "", "in front of /v1, behind a proxy", nullptr, kReloadable),
    key("config[].token", TARSIER_KEY_STRING, nullptr, "ACL token", nullptr, TARSIER_KEY_SECRET | kReloadable),
    key("config[].datacenter", TARSIER_KEY_STRING, nullptr, "the agent's when absent", nullptr, kReloadable),
    key("config[].namespace", TARSIER_KEY_STRING, nullptr, "of Consul Enterprise", nullptr, kReloadable),
    key("config[].partition", TARSIER_KEY_STRING, nullptr, "of Consul Enterprise", nullptr, kReloadable),
    key("config[].services[]", TARSIER_KEY_STRING, nullptr, "services to look for; all when absent", nullptr, kReloadable),
    key("config[].tags[]", TARSIER_KEY_STRING, nullptr, "only services and instances that have all of these", nullptr, kReloadable),
    key("config[].node_meta.*", TARSIER_KEY_STRING, nullptr, "only what is on nodes with this metadata", nullptr, kReloadable),
    key("config[].filter", TARSIER_KEY_STRING, nullptr, "Consul's filter expression for the catalog", nullptr, kReloadable),
    key("config[].health_filter", TARSIER_KEY_STRING, nullptr, "the same for instances of services", nullptr, kReloadable),
    key("config[].tag_separator", TARSIER_KEY_STRING, ",", "between and around the tags in __meta_consul_tags", nullptr,
        kReloadable),
    key("config[].allow_stale", TARSIER_KEY_BOOL, "true", "any server may answer, not only the leader", nullptr, kReloadable),
    key("config[].refresh_interval", TARSIER_KEY_DURATION, "30s", "a question is not asked more often than that", "1s..",
        kReloadable),
};
constexpr auto kKeyTable = discovery::key_table(kKeys, discovery::kHttpKeys);
constexpr tarsier_need kNeeds[] = {need(TARSIER_HTTP_SERVICE)};
TARSIER_TABLE(kNeedTable, kNeeds);
constexpr tarsier_offer kOffers[] = {offer(TARSIER_DISCOVERY_SERVICE, TARSIER_OFFER_REBINDABLE)};
TARSIER_TABLE(kOfferTable, kOffers);
constexpr const char* kKinds[] = {"discovery", nullptr};

constexpr tarsier_plugin kPlugin = describe<ConsulPlugin>({
    .id = "discover-consul",
    .version = "0.1.0",
    .summary = "Finds targets among the services that are registered in Consul.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .needs = kNeedTable.data(),
    .offers = kOfferTable.data(),
    .sample_toml =
        "[[plugin.discover-consul.config]]\njob_name = \"backends\"\nserver = \"localhost:8500\"\nservices = [\"web\"]\n",
    .flags = TARSIER_PLUGIN_EXCLUSIVE | TARSIER_PLUGIN_PARALLEL,
});

}  // namespace
}  // namespace tarsier::discover_consul

TARSIER_PLUGIN(tarsier::discover_consul::kPlugin, "discover-consul", "discovery", "0.1.0")
