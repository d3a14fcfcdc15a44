// The plugin "discover-dns": targets from records of the DNS.
#include "plugins/discover/dns/dns_unit.hpp"
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

constexpr uint32_t kReloadable = TARSIER_KEY_RELOADABLE;
constexpr tarsier_config_key kKeys[] = {
    key("resolv_conf", TARSIER_KEY_STRING, "/etc/resolv.conf", "servers, search domains and ndots; read at each look-up", nullptr,
        kReloadable),
    key("config[]", TARSIER_KEY_TABLE, nullptr, "names with targets of one job", nullptr, kReloadable),
    key("config[].job_name", TARSIER_KEY_STRING, nullptr, "the scrape job that gets the targets", nullptr,
        TARSIER_KEY_REQUIRED | kReloadable),
    key("config[].names[]", TARSIER_KEY_STRING, nullptr, "names to look up", nullptr, kReloadable),
    key("config[].type", TARSIER_KEY_STRING, "SRV", "type of the records", "SRV|A|AAAA|MX|NS", kReloadable),
    key("config[].port", TARSIER_KEY_INT, "0", "port of the targets; required for all types but SRV", "0..65535", kReloadable),
    key("config[].refresh_interval", TARSIER_KEY_DURATION, "30s", "how often names are looked up", "1s..", kReloadable),
};
TARSIER_TABLE(kKeyTable, kKeys);
constexpr tarsier_offer kOffers[] = {offer(TARSIER_DISCOVERY_SERVICE, TARSIER_OFFER_REBINDABLE)};
TARSIER_TABLE(kOfferTable, kOffers);
constexpr const char* kKinds[] = {"discovery", nullptr};

constexpr tarsier_plugin kPlugin = describe<DnsPlugin>({
    .id = "discover-dns",
    .version = "0.1.0",
    .summary = "Finds targets in SRV, A, AAAA, MX and NS records of the DNS.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .offers = kOfferTable.data(),
    .sample_toml = "[[plugin.discover-dns.config]]\njob_name = \"backends\"\nnames = [\"_metrics._tcp.example.org\"]\n",
    .flags = TARSIER_PLUGIN_EXCLUSIVE | TARSIER_PLUGIN_PARALLEL,
});

}  // namespace
}  // namespace tarsier::discover_dns

TARSIER_PLUGIN(tarsier::discover_dns::kPlugin, "discover-dns", "discovery", "0.1.0")
