#include "plugins/discover/kubernetes/suggestion.hpp"

#include <cstdlib>
#include <filesystem>

#include "plugins/discover/kubernetes/api/access.hpp"
#include "tarsier/machine.hpp"
#include "tarsier/short_get.hpp"

namespace tarsier::discover_kubernetes {
namespace {

// The annotations that the charts of many programs set, and that the examples of Prometheus look at.
constexpr const char* kPodRules = R"toml(relabel_configs = [
  { source_labels = ["__meta_kubernetes_pod_annotation_prometheus_io_scrape"], regex = "true", action = "keep" },
  { source_labels = ["__meta_kubernetes_pod_annotation_prometheus_io_path"], regex = "(.+)", target_label = "__metrics_path__" },
  { source_labels = ["__address__", "__meta_kubernetes_pod_annotation_prometheus_io_port"], regex = '(.+?)(?::\d+)?;(\d+)', replacement = "$1:$2", target_label = "__address__" },
  { source_labels = ["__meta_kubernetes_namespace"], target_label = "namespace" },
  { source_labels = ["__meta_kubernetes_pod_name"], target_label = "pod" },
]
)toml";
constexpr const char* kAnnotated = "pods to scrape get the annotation prometheus.io/scrape: \"true\"";

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// A configuration and the job that it is for, but for what `more` and the job's settings say.
std::string sections(const std::string& job, const char* role, const std::string& more, const std::string& settings) {
  const std::string name = "job_name = \"" + job + "\"\n";
  return "[[plugin.discover-kubernetes.config]]\n" + name + "role = \"" + role + "\"\n" + more + "\n[[plugin.scrape.job]]\n" +
         name + settings;
}

Suggestion suggest_pods(const std::string& why) {
  Suggestion found;
  found.title = "pods of the cluster that this pod is in";
  found.why = why;
  found.toml = sections("kubernetes-pods", "pod", "", kPodRules);
  found.note = std::string(kAnnotated) + "; the service account has to be allowed to list and watch pods";
  found.known_by = {"pod"};
  return found;
}

Suggestion suggest_nodes(const std::string& why, const std::string& folder) {
  Suggestion found;
  found.title = "kubelets of the nodes of the cluster that this pod is in";
  found.why = why;
  found.toml = sections("kubernetes-nodes", "node", "",
                        "scheme = \"https\"\nauthorization = { credentials_file = " + quoted(folder + "/token") +
                            " }\ntls_config = { ca_file = " + quoted(folder + "/ca.crt") + " }\n");
  found.note =
      "the service account has to be allowed to list and watch nodes and to get nodes/metrics; kubelets whose certificates the "
      "cluster has not signed need insecure_skip_verify = true in tls_config";
  found.known_by = {"node"};
  return found;
}

/// "https://[::1]:6443/k8s" as "[::1]:6443"
std::string address_of(const std::string& server) {
  const size_t begin = server.find("://") + 3;
  std::string host = server.substr(begin, server.find('/', begin) - begin);
  const size_t colon = host.rfind(':');
  const bool has_port = colon != std::string::npos && host.find(']', colon) == std::string::npos;
  return has_port ? host : host + (server.starts_with("https://") ? ":443" : ":80");
}

}  // namespace

std::vector<Suggestion> suggest_own_cluster(const std::string& service_account_dir) {
  AccessSource pod;
  pod.path = service_account_dir;
  const auto access = pod.read();
  if (!access || machine::read_file(service_account_dir + "/token").empty() ||
      machine::read_file(service_account_dir + "/ca.crt").empty())
    return {};
  const std::string why =
      "the environment names the API server " + access->server + ", and " + service_account_dir + " has a token";
  return {suggest_pods(why), suggest_nodes(why, service_account_dir)};
}

std::optional<Suggestion> suggest_kubeconfig(const std::string& path) {
  const AccessSource source = {AccessSource::From::kubeconfig, path, {}};
  const auto access = source.read();
  if (!access) return std::nullopt;
  const bool by_proxy = !access->http.client.proxy.url.empty();
  if (!by_proxy && !short_knock(address_of(access->server))) return std::nullopt;
  Suggestion found;
  found.title = "pods of the cluster of " + path;
  found.why =
      "the file's current context is of " + access->server + (by_proxy ? ", behind a proxy" : ", and somebody listens there");
  found.toml = sections("kubeconfig-pods", "pod", "kubeconfig_file = " + quoted(path) + "\n", kPodRules);
  found.note = std::string(kAnnotated) +
               "; their addresses have to be reachable from here, and the user of the host may have to be "
               "given the right to read the file";
  found.known_by = {path, access->server, access->server + "/"};
  return found;
}

std::vector<std::string> kubeconfig_paths() {
  const char *list = std::getenv("KUBECONFIG"), *home = std::getenv("HOME");
  std::string rest = list != nullptr ? list : "";
  std::vector<std::string> paths;
  if (rest.empty() && home != nullptr) rest = std::string(home) + "/.kube/config";
  for (size_t end = 0; !rest.empty(); rest.erase(0, end == std::string::npos ? end : end + 1)) {
    end = rest.find(':');
    const std::string path = rest.substr(0, end);
    std::error_code failure;
    if (!path.empty()) paths.push_back(std::filesystem::absolute(path, failure).string());
  }
  return paths;
}

}  // namespace tarsier::discover_kubernetes
