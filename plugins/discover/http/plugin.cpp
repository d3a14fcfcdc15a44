// The plugin "discover-http": targets from servers that answer with a list of them.
#include "plugins/discover/http/http_unit.hpp"
#include "plugins/lib/discovery/discovery_plugin.hpp"

namespace tarsier::discover_http {
namespace {

class HttpPlugin final : public discovery::DiscoveryPlugin<HttpUnit> {
 public:
  using DiscoveryPlugin::DiscoveryPlugin;
};

constexpr uint32_t kReloadable = TARSIER_KEY_RELOADABLE;
constexpr tarsier_config_key kKeys[] = {
    key("config[]", TARSIER_KEY_TABLE, nullptr, "a server that knows targets of one job", nullptr, kReloadable),
    key("config[].job_name", TARSIER_KEY_STRING, nullptr, "the scrape job that gets the targets", nullptr,
        TARSIER_KEY_REQUIRED | kReloadable),
    key("config[].url", TARSIER_KEY_STRING, nullptr, "answers with a JSON list of target groups", nullptr,
        TARSIER_KEY_REQUIRED | kReloadable),
    key("config[].refresh_interval", TARSIER_KEY_DURATION, "60s", "how often it is asked, and how long an answer may take", "1s..",
        kReloadable),
    key("config[].body_size_limit", TARSIER_KEY_SIZE, "64MiB", "a larger answer, uncompressed, fails", "1KiB..", kReloadable),
};
constexpr auto kKeyTable = discovery::key_table(kKeys, discovery::kHttpKeys);
constexpr tarsier_need kNeeds[] = {need(TARSIER_HTTP_SERVICE)};
TARSIER_TABLE(kNeedTable, kNeeds);
constexpr tarsier_offer kOffers[] = {offer(TARSIER_DISCOVERY_SERVICE, TARSIER_OFFER_REBINDABLE)};
TARSIER_TABLE(kOfferTable, kOffers);
constexpr const char* kKinds[] = {"discovery", nullptr};

constexpr tarsier_plugin kPlugin = describe<HttpPlugin>({
    .id = "discover-http",
    .version = "0.1.0",
    .summary = "Finds targets by asking servers for a list of them, in Prometheus' format.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .needs = kNeedTable.data(),
    .offers = kOfferTable.data(),
    .sample_toml = "[[plugin.discover-http.config]]\njob_name = \"backends\"\nurl = \"http://127.0.0.1:8000/targets\"\n",
    .flags = TARSIER_PLUGIN_EXCLUSIVE | TARSIER_PLUGIN_PARALLEL,
});

}  // namespace
}  // namespace tarsier::discover_http

TARSIER_PLUGIN(tarsier::discover_http::kPlugin, "discover-http", "discovery", "0.1.0")
