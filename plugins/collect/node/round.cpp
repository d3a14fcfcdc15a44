// One round of all collectors.
#include "plugins/collect/node/round.hpp"

#include <algorithm>

namespace tarsier::node {
namespace {

std::string known_names() {
  std::string names;
  for (const CollectorKind& kind : collector_kinds()) names.append(names.empty() ? "" : ", ").append(kind.name);
  return names;
}

}  // namespace

Result<Collectors> Collectors::open(const Settings& settings, const std::vector<std::string>& names) {
  const auto kinds = collector_kinds();
  for (const std::string& name : names) {
    if (std::none_of(kinds.begin(), kinds.end(), [&](const CollectorKind& kind) { return kind.name == name; }))
      return Error::invalid("no collector '" + name + "'; there are " + known_names());
  }
  Collectors collectors;
  for (const CollectorKind& kind : kinds) {
    if (!names.empty() && std::find(names.begin(), names.end(), kind.name) == names.end()) continue;
    auto made = kind.make(settings);
    if (!made) return std::move(made).error().in("collector " + std::string(kind.name));
    collectors.entries_.push_back({std::string(kind.name), std::move(*made)});
  }
  return collectors;
}

void Collectors::run(Page& page, int64_t now_ns, const std::function<int64_t()>& mono_ns,
                     const std::function<void(std::string_view, const Error&)>& failed) {
  page.begin_round();
  Round round{page, buffer_, now_ns};
  const auto duration = page.family({"node_scrape_collector_duration_seconds",
                                     "node_exporter: Duration of a collector scrape.",
                                     TARSIER_SERIES_GAUGE,
                                     {"collector"}});
  const auto success = page.family(
      {"node_scrape_collector_success", "node_exporter: Whether a collector succeeded.", TARSIER_SERIES_GAUGE, {"collector"}});
  int64_t begun = mono_ns();
  for (const Entry& entry : entries_) {
    auto result = entry.collector->collect(round);
    const int64_t ended = mono_ns();
    page.add(duration, {entry.name}, static_cast<double>(ended - begun) / 1e9);
    page.add(success, {entry.name}, result ? 1 : 0);
    if (!result && result.error().code() != TARSIER_NOT_FOUND) failed(entry.name, result.error());
    begun = ended;
  }
}

bool Collectors::idle() const {
  return std::all_of(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.collector->idle(); });
}

}  // namespace tarsier::node
