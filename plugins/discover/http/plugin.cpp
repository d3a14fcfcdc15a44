// The plugin "discover-http": targets from servers that answer with a list of them.
#include "plugins/discover/http/http_unit.hpp"
#include "plugins/lib/discovery/declaration.hpp"
#include "plugins/lib/discovery/discovery_plugin.hpp"

namespace tarsier::discover_http {
namespace {

using discovery::setting;
constexpr tarsier_config_key kKeys[] = {
    discovery::configs("a server that knows targets of one job"),
    discovery::kJobName,
    setting("config[].url", TARSIER_KEY_STRING, nullptr, "answers with a JSON list of target groups", nullptr,
            TARSIER_KEY_REQUIRED),
    discovery::refresh_interval("60s", "how often it is asked, and how long an answer may take"),
    setting("config[].body_size_limit", TARSIER_KEY_SIZE, "64MiB", "a larger answer, uncompressed, fails", "1KiB.."),
};
constexpr auto kKeyTable = discovery::key_table(kKeys, discovery::kHttpKeys);

constexpr tarsier_plugin kPlugin = discovery::declare<discovery::DiscoveryPlugin<HttpUnit>>({
    .id = "discover-http",
    .version = "0.1.0",
    .summary = "Finds targets by asking servers for a list of them, in Prometheus' format.",
    .keys = kKeyTable.data(),
    .needs = discovery::kHttpNeedTable.data(),
    .sample_toml = "[[plugin.discover-http.config]]\njob_name = \"backends\"\nurl = \"http://127.0.0.1:8000/targets\"\n",
});

}  // namespace
}  // namespace tarsier::discover_http

TARSIER_PLUGIN(tarsier::discover_http::kPlugin, "discover-http", "discovery", "0.1.0")
