// The plugin "discover-dns": targets from records of the DNS.
#include "plugins/discover/dns/dns_unit.hpp"
#include "plugins/lib/discovery/declaration.hpp"
#include "plugins/lib/discovery/discovery_plugin.hpp"

namespace tarsier::discover_dns {
namespace {

class DnsPlugin final : public discovery::DiscoveryPlugin<DnsUnit> {
 public:
  using DiscoveryPlugin::DiscoveryPlugin;

  Result<void> start() override {
    if (auto started = context().resolver.start(); !started) return started;
    return DiscoveryPlugin::start();
  }
  Result<void> stop(int64_t deadline_ns) override {
    auto stopped = DiscoveryPlugin::stop(deadline_ns);  // before the resolver: what it gives up then is nobody's failure
    context().resolver.stop();
    return stopped;
  }
};

using discovery::setting;
constexpr tarsier_config_key kKeys[] = {
    setting("resolv_conf", TARSIER_KEY_STRING, "/etc/resolv.conf", "servers, search domains and ndots; read at each look-up"),
    discovery::configs("names with targets of one job"),
    discovery::kJobName,
    setting("config[].names[]", TARSIER_KEY_STRING, nullptr, "names to look up"),
    setting("config[].type", TARSIER_KEY_STRING, "SRV", "type of the records", "SRV|A|AAAA|MX|NS"),
    setting("config[].port", TARSIER_KEY_INT, "0", "port of the targets; required for all types but SRV", "0..65535"),
    discovery::refresh_interval("30s", "how often names are looked up"),
};
constexpr auto kKeyTable = discovery::key_table(kKeys);

constexpr tarsier_plugin kPlugin = discovery::declare<DnsPlugin>({
    .id = "discover-dns",
    .version = "0.1.0",
    .summary = "Finds targets in SRV, A, AAAA, MX and NS records of the DNS.",
    .keys = kKeyTable.data(),
    .sample_toml = "[[plugin.discover-dns.config]]\njob_name = \"backends\"\nnames = [\"_metrics._tcp.example.org\"]\n",
});

}  // namespace
}  // namespace tarsier::discover_dns

TARSIER_PLUGIN(tarsier::discover_dns::kPlugin, "discover-dns", "discovery", "0.1.0")
