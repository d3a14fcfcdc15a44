// stat, loadavg, filefd, entropy: single numbers of the whole system.
#include <array>

#include "plugins/collect/node/collector.hpp"
#include "plugins/collect/node/fields.hpp"

namespace tarsier::node {
namespace {

Error malformed(const KeptFile& file) { return Error::invalid("unexpected content of " + file.path()); }

struct StatLine {
  std::string_view key;
  FamilySpec family;
};

class Stat final : public Collector {
 public:
  explicit Stat(const Settings& settings) : file_(settings.procfs + "/stat") {}

  Result<void> collect(Round& round) override {
    static const std::array<StatLine, 6> kLines = {{
        {"intr", {"node_intr_total", "Total number of interrupts serviced.", TARSIER_SERIES_COUNTER}},
        {"ctxt", {"node_context_switches_total", "Total number of context switches.", TARSIER_SERIES_COUNTER}},
        {"btime", {"node_boot_time_seconds", "Node boot time, in unixtime.", TARSIER_SERIES_GAUGE}},
        {"processes", {"node_forks_total", "Total number of forks.", TARSIER_SERIES_COUNTER}},
        {"procs_running", {"node_procs_running", "Number of processes in runnable state.", TARSIER_SERIES_GAUGE}},
        {"procs_blocked", {"node_procs_blocked", "Number of processes blocked waiting for I/O to complete.", TARSIER_SERIES_GAUGE}},
    }};
    auto text = file_.read(round.buffer);
    if (!text) return std::move(text).error();
    while (!text->empty()) {
      std::string_view line = take_line(*text);
      const std::string_view key = take_word(line);
      for (const StatLine& known : kLines) {
        if (key != known.key) continue;
        if (const auto value = to_number(take_word(line))) round.page.add(round.page.family(known.family), *value);
      }
    }
    return {};
  }

 private:
  KeptFile file_;
};

class LoadAverage final : public Collector {
 public:
  explicit LoadAverage(const Settings& settings) : file_(settings.procfs + "/loadavg") {}

  Result<void> collect(Round& round) override {
    static const std::array<FamilySpec, 3> kFamilies = {{{"node_load1", "1m load average.", TARSIER_SERIES_GAUGE},
                                                         {"node_load5", "5m load average.", TARSIER_SERIES_GAUGE},
                                                         {"node_load15", "15m load average.", TARSIER_SERIES_GAUGE}}};
    auto text = file_.read(round.buffer);
    if (!text) return std::move(text).error();
    for (const FamilySpec& family : kFamilies) {
      const auto value = to_number(take_word(*text));
      if (!value) return malformed(file_);
      round.page.add(round.page.family(family), *value);
    }
    return {};
  }

 private:
  KeptFile file_;
};

class FileDescriptors final : public Collector {
 public:
  explicit FileDescriptors(const Settings& settings) : file_(settings.procfs + "/sys/fs/file-nr") {}

  Result<void> collect(Round& round) override {
    auto text = file_.read(round.buffer);
    if (!text) return std::move(text).error();
    const auto allocated = to_number(take_word(*text));
    (void)take_word(*text);  // free ones, always 0 since Linux 2.6
    const auto maximum = to_number(take_word(*text));
    if (!allocated || !maximum) return malformed(file_);
    round.page.add(round.page.family({"node_filefd_allocated", "File descriptor statistics: allocated.", TARSIER_SERIES_GAUGE}),
                   *allocated);
    round.page.add(round.page.family({"node_filefd_maximum", "File descriptor statistics: maximum.", TARSIER_SERIES_GAUGE}),
                   *maximum);
    return {};
  }

 private:
  KeptFile file_;
};

class Entropy final : public Collector {
 public:
  explicit Entropy(const Settings& settings)
      : available_(settings.procfs + "/sys/kernel/random/entropy_avail"), size_(settings.procfs + "/sys/kernel/random/poolsize") {}

  Result<void> collect(Round& round) override {
    auto added = add(round, available_, {"node_entropy_available_bits", "Bits of available entropy.", TARSIER_SERIES_GAUGE});
    if (!added) return added;
    return add(round, size_, {"node_entropy_pool_size_bits", "Bits of entropy pool.", TARSIER_SERIES_GAUGE});
  }

 private:
  static Result<void> add(Round& round, KeptFile& file, const FamilySpec& family) {
    auto text = file.read(round.buffer);
    if (!text) return std::move(text).error();
    const auto value = to_number(take_word(*text));
    if (!value) return malformed(file);
    round.page.add(round.page.family(family), *value);
    return {};
  }
  KeptFile available_, size_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_stat(const Settings& settings) { return std::unique_ptr<Collector>(new Stat(settings)); }
Result<std::unique_ptr<Collector>> make_loadavg(const Settings& settings) {
  return std::unique_ptr<Collector>(new LoadAverage(settings));
}
Result<std::unique_ptr<Collector>> make_filefd(const Settings& settings) {
  return std::unique_ptr<Collector>(new FileDescriptors(settings));
}
Result<std::unique_ptr<Collector>> make_entropy(const Settings& settings) {
  return std::unique_ptr<Collector>(new Entropy(settings));
}

}  // namespace tarsier::node
