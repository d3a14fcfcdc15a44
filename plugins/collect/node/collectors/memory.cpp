// meminfo and vmstat: one family for each line of a file of "name value" lines.
#include "plugins/collect/node/collector.hpp"
#include "plugins/collect/node/fields.hpp"
#include "plugins/collect/node/filter.hpp"

namespace tarsier::node {
namespace {

class MemoryInfo final : public Collector {
 public:
  explicit MemoryInfo(const Settings& settings) : file_(settings.procfs + "/meminfo") {}

  Result<void> collect(Round& round) override {
    auto text = file_.read(round.buffer);
    if (!text) return std::move(text).error();
    for (size_t place = 0; !text->empty(); ++place) {
      std::string_view line = take_line(*text);
      std::string_view key = take_word(line);
      const auto value = to_number(take_word(line));
      if (!key.ends_with(':') || !value) continue;
      key.remove_suffix(1);
      const bool kilobytes = take_word(line) == "kB";
      const auto family = families_.at(place, key, [&] { return make(round.page, key, kilobytes); });
      round.page.add(family, kilobytes ? *value * 1024 : *value);
    }
    return {};
  }

 private:
  /// "Active(anon)" in kB is node_memory_Active_anon_bytes.
  static Page::FamilyId make(Page& page, std::string_view key, bool kilobytes) {
    std::string field;
    for (const char c : key) {
      if (c == '(')
        field += '_';
      else if (c != ')')
        field += c;
    }
    if (kilobytes) field += "_bytes";
    return page.family({"node_memory_" + field, "Memory information field " + field + ".", TARSIER_SERIES_GAUGE});
  }
  KeptFile file_;
  FamilyColumn families_;
};

class VmStat final : public Collector {
 public:
  VmStat(const Settings& settings, Filter fields) : file_(settings.procfs + "/vmstat"), fields_(std::move(fields)) {}

  Result<void> collect(Round& round) override {
    auto text = file_.read(round.buffer);
    if (!text) return std::move(text).error();
    for (size_t place = 0; !text->empty(); ++place) {
      std::string_view line = take_line(*text);
      const std::string_view key = take_word(line);
      if (!fields_.matches(key)) continue;
      const auto value = to_number(take_word(line));
      if (!value) continue;
      const auto family = families_.at(place, key, [&] {
        const std::string field(key);
        return round.page.family({"node_vmstat_" + field, "/proc/vmstat information field " + field + ".", TARSIER_SERIES_UNKNOWN});
      });
      round.page.add(family, *value);
    }
    return {};
  }

 private:
  KeptFile file_;
  Filter fields_;
  FamilyColumn families_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_meminfo(const Settings& settings) {
  return std::unique_ptr<Collector>(new MemoryInfo(settings));
}
Result<std::unique_ptr<Collector>> make_vmstat(const Settings& settings) {
  auto fields = Filter::open("^(oom_kill|pgpg|pswp|pg.*fault).*");
  if (!fields) return std::move(fields).error();
  return std::unique_ptr<Collector>(new VmStat(settings, std::move(*fields)));
}

}  // namespace tarsier::node
