// The plugin "discover-kubernetes": targets from the objects of a Kubernetes cluster.
#include "plugins/discover/kubernetes/kubernetes_unit.hpp"
#include "plugins/discover/kubernetes/suggestion.hpp"
#include "plugins/lib/discovery/declaration.hpp"
#include "plugins/lib/discovery/discovery_plugin.hpp"

namespace tarsier::discover_kubernetes {
namespace {

class KubernetesPlugin final : public discovery::DiscoveryPlugin<KubernetesUnit> {
 public:
  using DiscoveryPlugin::DiscoveryPlugin;

  static Result<void> suggest(const Suggestions& to) {
    for (const Suggestion& found : suggest_own_cluster(kServiceAccountDir)) to.add(found);
    for (const std::string& path : kubeconfig_paths()) {
      const auto found = suggest_kubeconfig(path);
      if (!found) continue;
      to.add(*found);
      break;  // the first that has a current context is the one that counts
    }
    return {};
  }
};

using discovery::setting;
constexpr const char* kRoles = "node|pod|service|endpoints|endpointslice|ingress";
constexpr tarsier_config_key kKeys[] = {
    setting("service_account_dir", TARSIER_KEY_STRING, kServiceAccountDir,
            "token, ca.crt and namespace of the pod that this runs in"),
    discovery::configs("objects of a cluster that are targets of one job"),
    discovery::kJobName,
    setting("config[].role", TARSIER_KEY_STRING, nullptr, "which objects are targets", kRoles, TARSIER_KEY_REQUIRED),
    setting("config[].api_server", TARSIER_KEY_STRING, nullptr,
            "https://host:port; without it and kubeconfig_file this is a pod of the cluster"),
    setting("config[].kubeconfig_file", TARSIER_KEY_STRING, nullptr, "cluster and user of its current context; read at each call"),
    setting("config[].namespaces", TARSIER_KEY_TABLE, nullptr, "only objects in these; all when absent"),
    setting("config[].namespaces.own_namespace", TARSIER_KEY_BOOL, "false", "the one that this pod is in"),
    setting("config[].namespaces.names[]", TARSIER_KEY_STRING, nullptr, "names"),
    setting("config[].selectors[]", TARSIER_KEY_TABLE, nullptr, "only objects that these select, as kubectl has it"),
    setting("config[].selectors[].role", TARSIER_KEY_STRING, nullptr, "which objects it selects", kRoles, TARSIER_KEY_REQUIRED),
    setting("config[].selectors[].label", TARSIER_KEY_STRING, "", "app=web,tier!=test"),
    setting("config[].selectors[].field", TARSIER_KEY_STRING, "", "status.phase=Running"),
    setting("config[].attach_metadata", TARSIER_KEY_TABLE, nullptr, "labels of other objects that targets get"),
    setting("config[].attach_metadata.node", TARSIER_KEY_BOOL, "false", "of the node that a pod runs on"),
    setting("config[].attach_metadata.namespace", TARSIER_KEY_BOOL, "false", "of the object's namespace"),
    setting("config[].attach_metadata.deployment", TARSIER_KEY_BOOL, "false", "the name of the deployment that a pod is of"),
    setting("config[].attach_metadata.job", TARSIER_KEY_BOOL, "false", "the name of the job that a pod is of"),
    setting("config[].attach_metadata.cronjob", TARSIER_KEY_BOOL, "false", "the name of the cron job that a pod is of"),
};
constexpr auto kKeyTable = discovery::key_table(kKeys, discovery::kHttpKeys);

constexpr tarsier_plugin kPlugin = discovery::declare<KubernetesPlugin>({
    .id = "discover-kubernetes",
    .version = "0.1.0",
    .summary = "Finds targets among the nodes, pods, services, endpoints and ingresses of a Kubernetes cluster.",
    .keys = kKeyTable.data(),
    .needs = discovery::kHttpNeedTable.data(),
    .sample_toml = "[[plugin.discover-kubernetes.config]]\njob_name = \"pods\"\nrole = \"pod\"\n"
                   "api_server = \"https://localhost:6443\"\n",
});

}  // namespace
}  // namespace tarsier::discover_kubernetes

TARSIER_PLUGIN(tarsier::discover_kubernetes::kPlugin, "discover-kubernetes", "discovery", "0.1.0")
