#include "plugins/discover/kubernetes/api/kubeconfig.hpp"

#include <yaml-cpp/yaml.h>

#include "plugins/lib/http/base64.hpp"
#include "plugins/lib/http/headers.hpp"

namespace tarsier::discover_kubernetes {
namespace {

std::string text_of(const YAML::Node& in, const char* key) {
  const YAML::Node node = in[key];
  return node && node.IsScalar() ? node.Scalar() : std::string();
}

/// Of a list of {name, <what>}: that of this name.
Result<YAML::Node> entry(const YAML::Node& root, const char* list, const char* what, const std::string& name) {
  const YAML::Node entries = root[list];
  if (entries && entries.IsSequence()) {
    for (const auto& each : entries) {
      if (each.IsMap() && text_of(each, "name") == name && each[what] && each[what].IsMap()) return each[what];
    }
  }
  return Error::invalid(std::string(list) + " has no '" + name + "'");
}

std::string path_of(const YAML::Node& in, const char* key, const std::string& folder) {
  const std::string path = text_of(in, key);
  return path.empty() || path.front() == '/' || folder.empty() ? path : folder + "/" + path;
}

/// "certificate-authority-data" as the text that it stands for; "" when there is none.
Result<std::string> data_of(const YAML::Node& in, const char* key) {
  auto data = net::from_base64(text_of(in, key));
  if (!data) return Error::invalid(std::string(key) + " is not base64");
  return *data;
}

Result<void> refuse(const YAML::Node& in, const char* key, const std::string& why) {
  return in[key] ? Result<void>(Error::invalid(std::string(key) + " is not supported: " + why)) : Result<void>();
}

Result<void> read_cluster(const YAML::Node& cluster, const std::string& folder, Access& access) {
  access.server = text_of(cluster, "server");
  while (access.server.ends_with('/')) access.server.pop_back();
  if (!access.server.starts_with("https://") && !access.server.starts_with("http://"))
    return Error::invalid("the cluster's server '" + access.server + "' is no http:// or https:// address");
  access.http.client.proxy.url = text_of(cluster, "proxy-url");
  auto ca = data_of(cluster, "certificate-authority-data");
  if (!ca) return std::move(ca).error();
  client_config::Tls& tls = access.http.client.tls;
  tls.ca = std::move(*ca);
  if (tls.ca.empty()) tls.ca_file = path_of(cluster, "certificate-authority", folder);
  tls.server_name = text_of(cluster, "tls-server-name");
  tls.insecure_skip_verify = text_of(cluster, "insecure-skip-tls-verify") == "true";
  return {};
}

Result<void> read_certificate(const YAML::Node& user, const std::string& folder, client_config::Tls& tls) {
  auto cert = data_of(user, "client-certificate-data"), key = data_of(user, "client-key-data");
  if (!cert) return std::move(cert).error();
  if (!key) return std::move(key).error();
  tls.cert = std::move(*cert);
  tls.key = std::move(*key);
  if (tls.cert.empty()) tls.cert_file = path_of(user, "client-certificate", folder);
  if (tls.key.empty()) tls.key_file = path_of(user, "client-key", folder);
  if ((tls.cert.empty() && tls.cert_file.empty()) != (tls.key.empty() && tls.key_file.empty()))
    return Error::invalid("of client-certificate and client-key the user has only one");
  return {};
}

/// A file with a token comes before the token itself, as kubectl has it: what is in the file is newer.
Result<void> read_user(const YAML::Node& user, const std::string& folder, Access& access) {
  const std::string ask_for = "have the program write a token to a file, and name that as tokenFile";
  for (const char* key : {"exec", "auth-provider"})
    if (auto refused = refuse(user, key, ask_for); !refused) return refused;
  for (const char* key : {"as", "as-uid", "as-groups", "as-user-extra"})
    if (auto refused = refuse(user, key, "give a user that may itself read what is looked for"); !refused) return refused;
  client_config::Authorization& authorization = access.http.client.authorization;
  const std::string token = text_of(user, "token"), name = text_of(user, "username");
  if (const std::string file = path_of(user, "tokenFile", folder); !file.empty()) {
    authorization.type = "Bearer";
    authorization.file = file;
  } else if (!token.empty()) {
    authorization.value = "Bearer " + token;
  } else if (!name.empty()) {
    authorization.value = "Basic " + net::base64(name + ":" + text_of(user, "password"));
  }
  if (!net::is_valid_field("a", authorization.value)) return Error::invalid("the user's token has control bytes");
  return read_certificate(user, folder, access.http.client.tls);
}

Result<Access> read_root(const YAML::Node& root, const std::string& folder) {
  if (!root.IsMap()) return Error::invalid("expected a kubeconfig: a mapping with clusters, users and contexts");
  const std::string current = text_of(root, "current-context");
  if (current.empty()) return Error::invalid("current-context is not set");
  auto context = entry(root, "contexts", "context", current);
  if (!context) return std::move(context).error();
  auto cluster = entry(root, "clusters", "cluster", text_of(*context, "cluster"));
  if (!cluster) return std::move(cluster).error();
  Access access;
  if (auto read = read_cluster(*cluster, folder, access); !read) return std::move(read).error();
  const std::string user_name = text_of(*context, "user");
  if (user_name.empty()) return access;
  auto user = entry(root, "users", "user", user_name);
  if (!user) return std::move(user).error();
  if (auto read = read_user(*user, folder, access); !read) return std::move(read).error().in("user '" + user_name + "'");
  return access;
}

}  // namespace

Result<Access> parse_kubeconfig(std::string_view text, const std::string& folder) {
  try {
    return read_root(YAML::Load(std::string(text)), folder);
  } catch (const YAML::Exception& thrown) {
    return Error::invalid("line " + std::to_string(thrown.mark.line + 1) + ": " + thrown.msg);
  }
}

}  // namespace tarsier::discover_kubernetes
