// The plugin "discover-docker": targets from the containers of a Docker daemon.
#include "plugins/discover/docker/docker_unit.hpp"
#include "plugins/discover/docker/suggestion.hpp"
#include "plugins/lib/discovery/declaration.hpp"
#include "plugins/lib/discovery/discovery_plugin.hpp"

namespace tarsier::discover_docker {
namespace {

class DockerPlugin final : public discovery::DiscoveryPlugin<DockerUnit> {
 public:
  using DiscoveryPlugin::DiscoveryPlugin;

  static Result<void> suggest(const Suggestions& to) {
    for (const char* socket : {"/var/run/docker.sock", "/run/podman/podman.sock"})
      if (const auto found = suggest_daemon(socket)) to.add(*found);
    return {};
  }
};

using discovery::setting;
constexpr tarsier_config_key kKeys[] = {
    discovery::configs("a daemon whose containers are targets of one job"),
    discovery::kJobName,
    setting("config[].host", TARSIER_KEY_STRING, nullptr, "unix:///var/run/docker.sock, tcp://host:2375, http:// or https://",
            nullptr, TARSIER_KEY_REQUIRED),
    setting("config[].port", TARSIER_KEY_INT, "80", "of containers that expose no TCP port", "0..65535"),
    setting("config[].host_networking_host", TARSIER_KEY_STRING, "localhost", "address of containers in the host's network"),
    setting("config[].match_first_network", TARSIER_KEY_BOOL, "true",
            "a container in several networks is taken in the first by name"),
    setting("config[].filters[]", TARSIER_KEY_TABLE, nullptr, "which containers; see the daemon's API"),
    setting("config[].filters[].name", TARSIER_KEY_STRING, nullptr, "label, name, network, status, ...", nullptr,
            TARSIER_KEY_REQUIRED),
    setting("config[].filters[].values[]", TARSIER_KEY_STRING, nullptr, "one of these"),
    discovery::refresh_interval("60s", "how often it is asked, and how long an answer may take"),
};
constexpr auto kKeyTable = discovery::key_table(kKeys, discovery::kHttpKeys);

constexpr tarsier_plugin kPlugin = discovery::declare<DockerPlugin>({
    .id = "discover-docker",
    .version = "0.1.0",
    .summary = "Finds targets among the containers of a Docker daemon.",
    .keys = kKeyTable.data(),
    .needs = discovery::kHttpNeedTable.data(),
    .sample_toml = "[[plugin.discover-docker.config]]\njob_name = \"containers\"\nhost = \"unix:///var/run/docker.sock\"\n",
});

}  // namespace
}  // namespace tarsier::discover_docker

TARSIER_PLUGIN(tarsier::discover_docker::kPlugin, "discover-docker", "discovery", "0.1.0")
