#include "plugins/discover/kubernetes/api/access.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "plugins/discover/kubernetes/api/kubeconfig.hpp"

namespace tarsier::discover_kubernetes {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 20U;

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (!file) return Error::unavailable("cannot read " + path);
  for (std::istreambuf_iterator<char> at(file), end; at != end && text.size() <= kMaxFileBytes; ++at) text += *at;
  if (file.bad()) return Error::unavailable("cannot read " + path);
  if (text.size() > kMaxFileBytes) return Error::invalid(path + " is larger than " + std::to_string(kMaxFileBytes) + " bytes");
  return text;
}

/// As every pod finds it: the address in its environment, and files that the kubelet writes anew before they expire.
Result<Access> read_cluster(const std::string& folder) {
  const char *host = std::getenv("KUBERNETES_SERVICE_HOST"), *port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || port == nullptr || *host == '\0' || *port == '\0') {
    return Error::unavailable(
        "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: outside of a cluster give api_server or kubeconfig_file");
  }
  const std::string name = host;
  Access access;
  access.server = "https://" + (name.find(':') == std::string::npos ? name : "[" + name + "]") + ":" + port;
  access.http.client.authorization.type = "Bearer";
  access.http.client.authorization.file = folder + "/token";
  access.http.client.tls.ca_file = folder + "/ca.crt";
  return access;
}

Result<Access> read_kubeconfig(const std::string& path) {
  auto text = read_file(path);
  if (!text) return std::move(text).error();
  auto access = parse_kubeconfig(*text, std::filesystem::path(path).parent_path().string());
  if (!access) return std::move(access).error().in(path);
  return access;
}

Result<std::string> server_of(const Config& node) {
  std::string server = node.string();
  while (server.ends_with('/')) server.pop_back();
  for (const std::string_view scheme : {"http://", "https://"})
    if (server.starts_with(scheme) && server.size() > scheme.size() && server.find_first_of("?# ") == std::string::npos)
      return server;
  return node.invalid("'" + node.string() + "' is no API server: expected http:// or https:// and an address");
}

}  // namespace

std::string AccessSource::name() const {
  switch (from) {
    case From::cluster:
      return "this cluster";
    case From::kubeconfig:
      return "the cluster of " + path;
    case From::settings:
      return settings.server;
  }
  bug("an access from nowhere");
}

Result<Access> AccessSource::read() const {
  switch (from) {
    case From::cluster:
      return read_cluster(path);
    case From::kubeconfig:
      return read_kubeconfig(path);
    case From::settings:
      return settings;
  }
  bug("an access from nowhere");
}

Result<std::string> AccessSource::own_namespace() const {
  auto text = read_file(path + "/namespace");
  if (!text) return std::move(text).error().in("own namespace");
  std::string name = std::move(*text);
  while (!name.empty() && (name.back() == '\n' || name.back() == '\r' || name.back() == ' ')) name.pop_back();
  if (name.empty()) return Error::unavailable("own namespace: " + path + "/namespace is empty");
  return name;
}

Result<AccessSource> read_access(const Config& entry, const Config& plugin) {
  auto http = discovery::read_http_options(entry);
  if (!http) return std::move(http).error();
  const Config server = entry["api_server"], file = entry["kubeconfig_file"];
  AccessSource source;
  if (server.present()) {
    if (file.present()) return file.invalid("at most one of api_server and kubeconfig_file may be given");
    auto address = server_of(server);
    if (!address) return std::move(address).error();
    source.from = AccessSource::From::settings;
    source.settings = {std::move(*address), std::move(*http)};
    return source;
  }
  if (!(*http == discovery::HttpOptions{})) return entry.invalid("HTTP options are for api_server, which is not given");
  if (!file.present()) {
    source.path = plugin["service_account_dir"].path();
    return source;
  }
  source.from = AccessSource::From::kubeconfig;
  source.path = file.path();
  // One that is not there may come later; what will never do is better said now.
  if (auto access = source.read(); !access && access.error().code() == TARSIER_INVALID)
    return file.invalid(access.error().message());
  return source;
}

}  // namespace tarsier::discover_kubernetes
