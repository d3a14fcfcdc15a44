#include "plugins/lib/client_config/secret_file.hpp"

#include <fstream>

#include "plugins/lib/http/headers.hpp"

namespace tarsier::client_config {

Result<std::string> read_secret_file(const std::string& file) {
  std::ifstream from(file);
  std::string secret;
  if (!from || !std::getline(from, secret)) return Error::unavailable("cannot read the secret in " + file);
  if (!net::is_valid_field("a", secret)) return Error::invalid("the secret in " + file + " has control bytes");
  return secret;
}

}  // namespace tarsier::client_config
