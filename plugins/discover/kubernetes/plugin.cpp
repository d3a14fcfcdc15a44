// The plugin "discover-kubernetes": targets from the objects of a Kubernetes cluster.
#include "plugins/discover/kubernetes/kubernetes_unit.hpp"
#include "plugins/lib/discovery/discovery_plugin.hpp"

namespace tarsier::discover_kubernetes {
namespace {

class KubernetesPlugin final : public discovery::DiscoveryPlugin<KubernetesUnit> {
 public:
  using DiscoveryPlugin::DiscoveryPlugin;
};

constexpr uint32_t kReloadable = TARSIER_KEY_RELOADABLE;
constexpr const char* kRoles = "node|pod|service|endpoints|endpointslice|ingress";
constexpr tarsier_config_key kKeys[] = {
    key("service_account_dir", TARSIER_KEY_STRING, "/var/run/secrets/kubernetes.io/serviceaccount",
        "token, ca.crt and namespace of the pod that this runs in", nullptr, kReloadable),
    key("config[]", TARSIER_KEY_TABLE, nullptr, "objects of a cluster that are targets of one job", nullptr, kReloadable),
    key("config[].job_name", TARSIER_KEY_STRING, nullptr, "the scrape job that gets the targets", nullptr,
        TARSIER_KEY_REQUIRED | kReloadable),
    key("config[].role", TARSIER_KEY_STRING, nullptr, "which objects are targets", kRoles, TARSIER_KEY_REQUIRED | kReloadable),
    key("config[].api_server", TARSIER_KEY_STRING, nullptr,
        "https://host:port; without it and kubeconfig_file this is a pod of the cluster", nullptr, kReloadable),
    key("config[].kubeconfig_file", TARSIER_KEY_STRING, nullptr, "cluster and user of its current context; read at each call",
        nullptr, kReloadable),
    key("config[].namespaces", TARSIER_KEY_TABLE, nullptr, "only objects in these; all when absent", nullptr, kReloadable),
    key("config[].namespaces.own_namespace", TARSIER_KEY_BOOL, "false", "the one that this pod is in", nullptr, kReloadable),
    key("config[].namespaces.names[]", TARSIER_KEY_STRING, nullptr, "names", nullptr, kReloadable),
    key("config[].selectors[]", TARSIER_KEY_TABLE, nullptr, "only objects that these select, as kubectl has it", nullptr,
        kReloadable),
    key("config[].selectors[].role", TARSIER_KEY_STRING, nullptr, "which objects it selects", kRoles,
        TARSIER_KEY_REQUIRED | kReloadable),
    key("config[].selectors[].label", TARSIER_KEY_STRING, "", "app=web,tier!=test", nullptr, kReloadable),
    key("config[].selectors[].field", TARSIER_KEY_STRING, "", "status.phase=Running", nullptr, kReloadable),
    key("config[].attach_metadata", TARSIER_KEY_TABLE, nullptr, "labels of other objects that targets get", nullptr, kReloadable),
    key("config[].attach_metadata.node", TARSIER_KEY_BOOL, "false", "of the node that a pod runs on", nullptr, kReloadable),
    key("config[].attach_metadata.namespace", TARSIER_KEY_BOOL, "false", "of the object's namespace", nullptr, kReloadable),
    key("config[].attach_metadata.deployment", TARSIER_KEY_BOOL, "false", "the name of the deployment that a pod is of", nullptr,
        kReloadable),
    key("config[].attach_metadata.job", TARSIER_KEY_BOOL, "false", "the name of the job that a pod is of", nullptr, kReloadable),
    key("config[].attach_metadata.cronjob", TARSIER_KEY_BOOL, "false", "the name of the cron job that a pod is of", nullptr,
        kReloadable),
};
constexpr auto kKeyTable = discovery::key_table(kKeys, discovery::kHttpKeys);
constexpr tarsier_need kNeeds[] = {need(TARSIER_HTTP_SERVICE)};
TARSIER_TABLE(kNeedTable, kNeeds);
constexpr tarsier_offer kOffers[] = {offer(TARSIER_DISCOVERY_SERVICE, TARSIER_OFFER_REBINDABLE)};
TARSIER_TABLE(kOfferTable, kOffers);
constexpr const char* kKinds[] = {"discovery", nullptr};

constexpr tarsier_plugin kPlugin = describe<KubernetesPlugin>({
    .id = "discover-kubernetes",
    .version = "0.1.0",
    .summary = "Finds targets among the nodes, pods, services, endpoints and ingresses of a Kubernetes cluster.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .needs = kNeedTable.data(),
    .offers = kOfferTable.data(),
    .sample_toml = "[[plugin.discover-kubernetes.config]]\njob_name = \"pods\"\nrole = \"pod\"\n"
                   "api_server = \"https://localhost:6443\"\n",
    .flags = TARSIER_PLUGIN_EXCLUSIVE | TARSIER_PLUGIN_PARALLEL,
});

}  // namespace
}  // namespace tarsier::discover_kubernetes

TARSIER_PLUGIN(tarsier::discover_kubernetes::kPlugin, "discover-kubernetes", "discovery", "0.1.0")
