#include "core/config/references.hpp"

#include <algorithm>

#include "core/config/nearest.hpp"
#include "core/config/scalar_check.hpp"

namespace tarsier::config {
namespace {

bool offers(const Provider& provider, const std::string& service) {
  return !provider.known || std::find(provider.offers.begin(), provider.offers.end(), service) != provider.offers.end();
}

// Why nobody answers to that name, "" when somebody does.
std::string why_not(const Node& node, std::span<const Provider> providers) {
  const auto named = std::find_if(providers.begin(), providers.end(), [&](const Provider& p) { return p.instance == node.text; });
  if (named != providers.end() && !named->enabled) return ", which is disabled";
  if (named != providers.end() && offers(*named, node.service)) return {};
  std::vector<std::string> names;
  for (const Provider& provider : providers) {
    if (provider.enabled && provider.known && offers(provider, node.service)) names.push_back(provider.instance);
  }
  return (named != providers.end() ? ", which does not offer it" : ", which is no instance") +
         (node.secret ? std::string() : suggestion(node.text, names));
}

}  // namespace

void check_references(const Node& section, std::span<const Provider> providers, Findings& findings) {
  for (const Node& child : section.children) check_references(child, providers, findings);
  if (section.service.empty() || section.defaulted) return;
  const std::string why = why_not(section, providers);
  if (why.empty()) return;
  findings.push_back(error_at(section.position, section.path,
                              "expected an instance that offers " + section.service + ", got " + found_text(section) + why));
}

}  // namespace tarsier::config
