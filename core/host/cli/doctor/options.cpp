#include "core/host/cli/doctor/options.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace tarsier::host::cli {
namespace {

constexpr std::string_view kWebEntrypoint = "main";
constexpr std::string_view kHttpService = "tarsier.http/1";

bool offers(const tarsier_plugin& plugin, std::string_view service) {
  for (auto offer = plugin.offers; offer != nullptr && *offer != nullptr; ++offer)
    if ((*offer)->name == service) return true;
  return false;
}

std::string text_of(const config::Node& table, std::string_view key) {
  const config::Node* found = table.find(key);
  return found == nullptr ? std::string() : found->text;
}

// Who listens everywhere is asked here.
std::string reachable(std::string address) {
  for (const std::string_view everywhere : {"0.0.0.0:", "[::]:"})
    if (address.starts_with(everywhere)) return "127.0.0.1:" + address.substr(everywhere.size());
  return address;
}

}  // namespace

std::vector<EntrypointAddress> entrypoints_of(const Desired& desired) {
  std::vector<EntrypointAddress> out = {
      {std::string(kWebEntrypoint), "127.0.0.1:3001"}, {"prometheus", "127.0.0.1:9090"}, {"alertmanager", "127.0.0.1:9093"}};
  for (const InstanceSpec& spec : desired.specs) {
    if (spec.plugin == nullptr || !offers(*spec.plugin, kHttpService)) continue;
    const config::Node* tables = spec.node->find("entrypoint");
    if (tables == nullptr) continue;
    for (const config::Node& table : tables->children) {
      std::erase_if(out, [&](const EntrypointAddress& each) {
        const config::Node* enabled = table.find("enabled");
        return each.name == table.key && enabled != nullptr && !enabled->boolean;
      });
      const std::string address = reachable(text_of(table, "address"));
      auto known = std::find_if(out.begin(), out.end(), [&](const EntrypointAddress& each) { return each.name == table.key; });
      if (known == out.end() && address.empty()) continue;
      if (known == out.end()) known = out.insert(out.end(), EntrypointAddress{table.key, address});
      if (!address.empty()) known->address = address;
      const config::Node* tls = table.find("tls");
      known->tls = tls != nullptr && !text_of(*tls, "cert_file").empty();
    }
  }
  return out;
}

Result<std::string> url_of(const Desired& desired) {
  auto all = entrypoints_of(desired);
  std::erase_if(all, [](const EntrypointAddress& each) { return each.address.ends_with(":0"); });
  if (all.empty()) return Error::invalid("the configuration has no entrypoint with a port of its own: say --url");
  // The web entrypoint knows most; without TLS any will do, and with it none.
  std::stable_sort(all.begin(), all.end(), [](const EntrypointAddress& left, const EntrypointAddress& right) {
    return std::pair(left.tls, left.name != kWebEntrypoint) < std::pair(right.tls, right.name != kWebEntrypoint);
  });
  return (all.front().tls ? "https://" : "http://") + all.front().address;
}

Result<RunningHost> host_of(const Arguments& arguments) {
  if (arguments.has("--url")) return RunningHost::reach(arguments.get("--url"));
  auto options = desired_options(arguments);
  if (!options) return std::move(options).error().in("no --url, and no configuration that says where the host is");
  Modules modules;
  std::unique_ptr<loader::PluginDirectory> directory;
  const Desired desired = read_desired(*options, directory, modules);
  auto url = url_of(desired);
  if (!url) return std::move(url).error();
  return RunningHost::reach(*url);
}

}  // namespace tarsier::host::cli
