#include "plugins/discover/dns/resolv_conf.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace tarsier::discover_dns {
namespace {

constexpr size_t kMaxNdots = 15;  // as in the C library
constexpr size_t kMaxSearch = 32;

std::string with_final_dot(std::string name) {
  if (!name.ends_with('.')) name += '.';
  return name;
}

}  // namespace

ResolvConf ResolvConf::parse(std::string_view text) {
  ResolvConf conf;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find_first_of("#;")));
    std::string key;
    words >> key;
    if (key == "search" || key == "domain") conf.search.clear();  // the last of them counts
    for (std::string word; words >> word;) {
      if (key == "nameserver") {
        conf.servers.push_back(word);
      } else if ((key == "search" && conf.search.size() < kMaxSearch) || (key == "domain" && conf.search.empty())) {
        conf.search.push_back(with_final_dot(word));
      } else if (key == "options" && word.starts_with("ndots:")) {
        size_t ndots = 0;
        const auto [end, fault] = std::from_chars(word.data() + 6, word.data() + word.size(), ndots);
        if (fault == std::errc() && end == word.data() + word.size()) conf.ndots = std::min(ndots, kMaxNdots);
      }
    }
  }
  return conf;
}

Result<ResolvConf> ResolvConf::read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return Error::unavailable(path + " cannot be read");
  return parse(text.str());
}

std::vector<std::string> ResolvConf::candidates(const std::string& name) const {
  if (name.ends_with('.')) return {name};
  std::vector<std::string> names;
  names.reserve(search.size() + 1);
  for (const std::string& domain : search) names.push_back(domain == "." ? name + "." : name + "." + domain);
  const bool has_dots = static_cast<size_t>(std::count(name.begin(), name.end(), '.')) >= ndots;
  names.insert(has_dots ? names.begin() : names.end(), name + ".");
  return names;
}

}  // namespace tarsier::discover_dns
