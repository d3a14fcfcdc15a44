// The plugin "discover-docker": targets from the containers of a Docker daemon.
#include "plugins/discover/docker/docker_unit.hpp"
#include "plugins/discover/docker/suggestion.hpp"
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

constexpr uint32_t kReloadable = TARSIER_KEY_RELOADABLE;
constexpr tarsier_config_key kKeys[] = {
    key("config[]", TARSIER_KEY_TABLE, nullptr, "a daemon whose containers are targets of one job", nullptr, kReloadable),
    key("config[].job_name", TARSIER_KEY_STRING, nullptr, "the scrape job that gets the targets", nullptr,
        TARSIER_KEY_REQUIRED | kReloadable),
    key("config[].host", TARSIER_KEY_STRING, nullptr, "unix:///var/run/docker.sock, tcp://host:2375, http:// or https://", nullptr,
        TARSIER_KEY_REQUIRED | kReloadable),
    key("config[].port", TARSIER_KEY_INT, "80", "of containers that expose no TCP port", "0..65535", kReloadable),
    key("config[].host_networking_host", TARSIER_KEY_STRING, "localhost", "address of containers in the host's network", nullptr,
        kReloadable),
    key("config[].match_first_network", TARSIER_KEY_BOOL, "true", "a container in several networks is taken in the first by name",
        nullptr, kReloadable),
    key("config[].filters[]", TARSIER_KEY_TABLE, nullptr, "which containers; see the daemon's API", nullptr, kReloadable),
    key("config[].filters[].name", TARSIER_KEY_STRING, nullptr, "label, name, network, status, ...", nullptr,
        TARSIER_KEY_REQUIRED | kReloadable),
    key("config[].filters[].values[]", TARSIER_KEY_STRING, nullptr, "one of these", nullptr, kReloadable),
    key("config[].refresh_interval", TARSIER_KEY_DURATION, "60s", "how often it is asked, and how long an answer may take", "1s..",
        kReloadable),
};
constexpr auto kKeyTable = discovery::key_table(kKeys, discovery::kHttpKeys);
constexpr tarsier_need kNeeds[] = {need(TARSIER_HTTP_SERVICE)};
TARSIER_TABLE(kNeedTable, kNeeds);
constexpr tarsier_offer kOffers[] = {offer(TARSIER_DISCOVERY_SERVICE, TARSIER_OFFER_REBINDABLE)};
TARSIER_TABLE(kOfferTable, kOffers);
constexpr const char* kKinds[] = {"discovery", nullptr};

constexpr tarsier_plugin kPlugin = describe<DockerPlugin>({
    .id = "discover-docker",
    .version = "0.1.0",
    .summary = "Finds targets among the containers of a Docker daemon.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .needs = kNeedTable.data(),
    .offers = kOfferTable.data(),
    .sample_toml = "[[plugin.discover-docker.config]]\njob_name = \"containers\"\nhost = \"unix:///var/run/docker.sock\"\n",
    .flags = TARSIER_PLUGIN_EXCLUSIVE | TARSIER_PLUGIN_PARALLEL,
});

}  // namespace
}  // namespace tarsier::discover_docker

TARSIER_PLUGIN(tarsier::discover_docker::kPlugin, "discover-docker", "discovery", "0.1.0")
