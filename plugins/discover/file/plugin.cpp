// The plugin "discover-file": targets from files that others write.
#include "plugins/discover/file/file_unit.hpp"
#include "plugins/lib/discovery/discovery_plugin.hpp"

namespace tarsier::discover_file {
namespace {

class FilePlugin final : public discovery::DiscoveryPlugin<FileUnit> {
 public:
  using DiscoveryPlugin::DiscoveryPlugin;
};

constexpr uint32_t kReloadable = TARSIER_KEY_RELOADABLE;
constexpr tarsier_config_key kKeys[] = {
    key("config[]", TARSIER_KEY_TABLE, nullptr, "files with targets of one job", nullptr, kReloadable),
    key("config[].job_name", TARSIER_KEY_STRING, nullptr, "the scrape job that gets the targets", nullptr,
        TARSIER_KEY_REQUIRED | kReloadable),
    key("config[].files[]", TARSIER_KEY_STRING, nullptr,
        "names in .json, .yml or .yaml; * and ? match in the last part of the path; relative to the configuration file", nullptr,
        kReloadable),
    key("config[].refresh_interval", TARSIER_KEY_DURATION, "5m", "how often files are read when no change of them was seen", "1s..",
        kReloadable),
};
TARSIER_TABLE(kKeyTable, kKeys);
constexpr tarsier_offer kOffers[] = {offer(TARSIER_DISCOVERY_SERVICE, TARSIER_OFFER_REBINDABLE)};
TARSIER_TABLE(kOfferTable, kOffers);
constexpr const char* kKinds[] = {"discovery", nullptr};

constexpr tarsier_plugin kPlugin = describe<FilePlugin>({
    .id = "discover-file",
    .version = "0.1.0",
    .summary = "Finds targets in files that others write, in Prometheus' format.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .offers = kOfferTable.data(),
    .sample_toml = "[[plugin.discover-file.config]]\njob_name = \"backends\"\nfiles = [\"targets/*.yml\"]\n",
    .flags = TARSIER_PLUGIN_EXCLUSIVE | TARSIER_PLUGIN_PARALLEL,
});

}  // namespace
}  // namespace tarsier::discover_file

TARSIER_PLUGIN(tarsier::discover_file::kPlugin, "discover-file", "discovery", "0.1.0")
