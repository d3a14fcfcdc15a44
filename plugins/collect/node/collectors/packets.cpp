// softnet, conntrack, arp: what the kernel does with packets.
#include <array>
#include <map>

#include "plugins/collect/node/collector.hpp"
#include "plugins/collect/node/fields.hpp"

namespace tarsier::node {
namespace {

class SoftNet final : public Collector {
 public:
  explicit SoftNet(const Settings& settings) : file_(settings.procfs + "/net/softnet_stat") {}

  Result<void> collect(Round& round) override {
    const std::array<Page::FamilyId, 3> families = {
        round.page.family({"node_softnet_processed_total", "Number of processed packets", TARSIER_SERIES_COUNTER, {"cpu"}}),
        round.page.family({"node_softnet_dropped_total", "Number of dropped packets", TARSIER_SERIES_COUNTER, {"cpu"}}),
        round.page.family({"node_softnet_times_squeezed_total",
                           "Number of times processing packets ran out of quota",
                           TARSIER_SERIES_COUNTER,
                           {"cpu"}})};
    auto text = file_.read(round.buffer);
    if (!text) return std::move(text).error();
    for (uint64_t row = 0; !text->empty(); ++row) {
      std::string_view line = take_line(*text);
      std::array<std::string_view, 13> words;
      for (std::string_view& word : words) word = take_word(line);
      // Newer kernels tell the CPU in column 13; before, the row was taken for it.
      const uint64_t index = words[12].empty() ? row : to_integer(words[12], 16).value_or(row);
      const std::string cpu = std::to_string(index);
      for (size_t i = 0; i < families.size(); ++i)
        if (const auto value = to_integer(words[i], 16)) round.page.add(families[i], {cpu}, static_cast<double>(*value));
    }
    return {};
  }

 private:
  KeptFile file_;
};

struct ConntrackField {
  std::string_view name, help;
};
constexpr std::array<ConntrackField, 8> kConntrackFields = {{
    {"found", "Number of searched entries which were successful."},
    {"invalid", "Number of packets seen which can not be tracked."},
    {"ignore", "Number of packets seen which are already connected to a conntrack entry."},
    {"insert", "Number of entries inserted into the list."},
    {"insert_failed", "Number of entries for which list insertion was attempted but failed."},
    {"drop", "Number of packets dropped due to conntrack failure."},
    {"early_drop", "Number of dropped conntrack entries to make room for new ones, if maximum table size was reached."},
    {"search_restart", "Number of conntrack table lookups which had to be restarted due to hashtable resizes."},
}};

class Conntrack final : public Collector {
 public:
  explicit Conntrack(const Settings& settings)
      : count_(settings.procfs + "/sys/net/netfilter/nf_conntrack_count"),
        limit_(settings.procfs + "/sys/net/netfilter/nf_conntrack_max"),
        stat_(settings.procfs + "/net/stat/nf_conntrack") {}

  Result<void> collect(Round& round) override {
    auto counted = add(
        round, count_,
        {"node_nf_conntrack_entries", "Number of currently allocated flow entries for connection tracking.", TARSIER_SERIES_GAUGE});
    if (!counted) return counted;
    auto limited =
        add(round, limit_, {"node_nf_conntrack_entries_limit", "Maximum size of connection tracking table.", TARSIER_SERIES_GAUGE});
    if (!limited) return limited;
    auto text = stat_.read(round.buffer);
    if (!text) return std::move(text).error();
    add_sums(round.page, *text);
    return {};
  }

 private:
  static Result<void> add(Round& round, KeptFile& file, const FamilySpec& family) {
    auto text = file.read(round.buffer);
    if (!text) return std::move(text).error();
    const auto value = to_number(trim(*text));
    if (!value) return Error::invalid("unexpected content of " + file.path());
    round.page.add(round.page.family(family), *value);
    return {};
  }

  /// A line of column names, then a line of hexadecimal numbers for each CPU. Columns differ between kernels.
  static void add_sums(Page& page, std::string_view text) {
    std::string_view head = take_line(text);
    std::array<size_t, kConntrackFields.size()> columns;
    columns.fill(SIZE_MAX);
    for (size_t column = 0; !head.empty(); ++column) {
      const std::string_view name = take_word(head);
      for (size_t i = 0; i < columns.size(); ++i)
        if (kConntrackFields[i].name == name) columns[i] = column;
    }
    std::array<double, kConntrackFields.size()> sums{};
    while (!text.empty()) {
      std::string_view line = take_line(text);
      for (size_t column = 0; !line.empty(); ++column) {
        const auto value = to_integer(take_word(line), 16);
        for (size_t i = 0; i < columns.size() && value; ++i)
          if (columns[i] == column) sums[i] += static_cast<double>(*value);
      }
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] == SIZE_MAX) continue;
      const std::string name = "node_nf_conntrack_stat_" + std::string(kConntrackFields[i].name);
      page.add(page.family({name, kConntrackFields[i].help, TARSIER_SERIES_GAUGE}), sums[i]);
    }
  }

  KeptFile count_, limit_, stat_;
};

class Arp final : public Collector {
 public:
  explicit Arp(const Settings& settings) : file_(settings.procfs + "/net/arp") {}

  Result<void> collect(Round& round) override {
    auto text = file_.read(round.buffer);
    if (!text) return std::move(text).error();
    (void)take_line(*text);
    for (auto& [device, count] : counts_) count = 0;
    while (!text->empty()) {
      std::string_view line = take_line(*text), word;
      for (int i = 0; i < 6; ++i) word = take_word(line);
      if (!word.empty()) ++counts_[std::string(word)];
    }
    std::erase_if(counts_, [](const auto& entry) { return entry.second == 0; });
    const auto family = round.page.family({"node_arp_entries", "ARP entries by device", TARSIER_SERIES_GAUGE, {"device"}});
    for (const auto& [device, count] : counts_) round.page.add(family, {device}, count);
    return {};
  }

 private:
  KeptFile file_;
  std::map<std::string, uint32_t> counts_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_softnet(const Settings& settings) {
  return std::unique_ptr<Collector>(new SoftNet(settings));
}
Result<std::unique_ptr<Collector>> make_conntrack(const Settings& settings) {
  return std::unique_ptr<Collector>(new Conntrack(settings));
}
Result<std::unique_ptr<Collector>> make_arp(const Settings& settings) { return std::unique_ptr<Collector>(new Arp(settings)); }

}  // namespace tarsier::node
