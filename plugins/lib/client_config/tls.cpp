#include "plugins/lib/client_config/tls.hpp"

namespace tarsier::client_config {

tarsier_tls_options Tls::options() const noexcept {
  return {
      sizeof(tarsier_tls_options), insecure_skip_verify ? 1U : 0U, str(ca_file), str(cert_file), str(key_file), str(server_name)};
}

Tls read_tls(const Config& table) {
  return {table["ca_file"].path(), table["cert_file"].path(), table["key_file"].path(), table["server_name"].string(),
          table["insecure_skip_verify"].boolean()};
}

}  // namespace tarsier::client_config
