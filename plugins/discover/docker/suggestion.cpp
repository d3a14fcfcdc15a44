#include "plugins/discover/docker/suggestion.hpp"

#include <cerrno>
#include <filesystem>
#include <unistd.h>

#include "tarsier/short_get.hpp"

namespace tarsier::discover_docker {

std::optional<Suggestion> suggest_daemon(const std::string& socket) {
  std::error_code failure;
  if (!std::filesystem::is_socket(socket, failure)) return std::nullopt;
  const bool closed = ::access(socket.c_str(), R_OK | W_OK) != 0 && errno == EACCES;
  const auto answer = short_get(socket, "/version");
  const bool answers = answer && answer->code == 200 && answer->body.find("\"ApiVersion\"") != std::string::npos;
  if (!closed && !answers) return std::nullopt;
  const std::string url = "unix://" + socket;
  Suggestion found;
  found.title = "containers of the daemon at " + socket;
  found.why = closed ? "the socket is there, and this user may not ask it" : "it answers as Docker's API";
  found.toml = "[[plugin.discover-docker.config]]\njob_name = \"containers\"\nhost = \"" + url +
               "\"\nfilters = [{ name = \"label\", values = [\"prometheus.io/scrape=true\"] }]\n\n"
               "[[plugin.scrape.job]]\njob_name = \"containers\"\n";
  found.note =
      "containers to scrape get the label prometheus.io/scrape=true; the user of the host has to be in the group that may use the "
      "socket";
  found.known_by = {url};
  constexpr std::string_view kVar = "/var";  // /var/run is /run
  if (socket.starts_with(kVar)) found.known_by.push_back("unix://" + socket.substr(kVar.size()));
  return found;
}

}  // namespace tarsier::discover_docker
