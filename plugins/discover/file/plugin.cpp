// The plugin "discover-file": targets from files that others write.
#include "plugins/discover/file/file_unit.hpp"
#include "plugins/lib/discovery/declaration.hpp"
#include "plugins/lib/discovery/discovery_plugin.hpp"

namespace tarsier::discover_file {
namespace {

using discovery::setting;
constexpr tarsier_config_key kKeys[] = {
    discovery::configs("files with targets of one job"),
    discovery::kJobName,
    setting("config[].files[]", TARSIER_KEY_STRING, nullptr,
            "names in .json, .yml or .yaml; * and ? match in the last part of the path; relative to the configuration file"),
    discovery::refresh_interval("5m", "how often files are read when no change of them was seen"),
};
constexpr auto kKeyTable = discovery::key_table(kKeys);

constexpr tarsier_plugin kPlugin = discovery::declare<discovery::DiscoveryPlugin<FileUnit>>({
    .id = "discover-file",
    .version = "0.1.0",
    .summary = "Finds targets in files that others write, in Prometheus' format.",
    .keys = kKeyTable.data(),
    .sample_toml = "[[plugin.discover-file.config]]\njob_name = \"backends\"\nfiles = [\"targets/*.yml\"]\n",
});

}  // namespace
}  // namespace tarsier::discover_file

TARSIER_PLUGIN(tarsier::discover_file::kPlugin, "discover-file", "discovery", "0.1.0")
