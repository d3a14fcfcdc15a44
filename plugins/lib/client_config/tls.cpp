#include "plugins/lib/client_config/tls.hpp"

namespace tarsier::client_config {
namespace {

/// The names of versions are in the order of versions.
Result<void> check(const Tls& tls, const Config& table) {
  for (const char* text : {"ca", "cert", "key"}) {
    const std::string file = std::string(text) + "_file";
    if (table[text].present() && table[file].present())
      return table[file].invalid("at most one of " + std::string(text) + " and " + file + " may be given");
  }
  if ((!tls.key.empty() || !tls.key_file.empty()) && tls.cert.empty() && tls.cert_file.empty())
    return table.invalid("exactly one of cert or cert_file must be configured when a client key is configured");
  if (!tls.max_version.empty() && tls.max_version < (tls.min_version.empty() ? std::string("TLS12") : tls.min_version))
    return table["max_version"].invalid("max_version is below min_version, which is TLS12 when absent");
  return {};
}

}  // namespace

tarsier_tls_options Tls::options() const noexcept {
  tarsier_tls_options out{};
  out.size = sizeof(out);
  out.insecure_skip_verify = insecure_skip_verify ? 1 : 0;
  out.ca_file = str(ca_file);
  out.cert_file = str(cert_file);
  out.key_file = str(key_file);
  out.server_name = str(server_name);
  out.ca = str(ca);
  out.cert = str(cert);
  out.key = str(key);
  out.min_version = str(min_version);
  out.max_version = str(max_version);
  return out;
}

Result<Tls> read_tls(const Config& table) {
  Tls out;
  out.ca_file = table["ca_file"].path();
  out.cert_file = table["cert_file"].path();
  out.key_file = table["key_file"].path();
  out.server_name = table["server_name"].string();
  out.insecure_skip_verify = table["insecure_skip_verify"].boolean();
  out.ca = table["ca"].string();
  out.cert = table["cert"].string();
  out.key = table["key"].string();
  out.min_version = table["min_version"].string();
  out.max_version = table["max_version"].string();
  if (auto checked = check(out, table); !checked) return std::move(checked).error();
  return out;
}

}  // namespace tarsier::client_config
