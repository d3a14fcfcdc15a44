#include "plugins/discover/consul/suggestion.hpp"

#include "tarsier/short_get.hpp"

namespace tarsier::discover_consul {

std::optional<Suggestion> suggest_agent(const std::string& address) {
  const auto answer = short_get(address, "/v1/status/leader");
  // The leader's address as a string of JSON; "" while there is none.
  if (!answer || answer->code != 200 || !answer->body.starts_with('"')) return std::nullopt;
  const std::string port = address.substr(address.rfind(':'));
  Suggestion found;
  found.title = "services of the Consul agent at " + address;
  found.why = "it says that " + answer->body.substr(0, answer->body.find('"', 1) + 1) + " is its leader";
  found.toml = "[[plugin.discover-consul.config]]\njob_name = \"consul-services\"\nserver = \"localhost" + port +
               "\"\ntags = [\"metrics\"]\n\n[[plugin.scrape.job]]\njob_name = \"consul-services\"\n";
  found.note =
      "services to scrape get the tag metrics; a token, where the agent asks for one, goes into token = { file = \"...\" }";
  found.known_by = {"localhost" + port, address};
  return found;
}

}  // namespace tarsier::discover_consul
