// pressure: time lost to waiting for CPU, I/O and memory, from /proc/pressure.
#include <array>

#include "plugins/collect/node/collector.hpp"
#include "plugins/collect/node/fields.hpp"

namespace tarsier::node {
namespace {

struct Line {
  std::string_view resource, share;  // "some" or "full"
  FamilySpec family;
};

class Pressure final : public Collector {
 public:
  explicit Pressure(const Settings& settings) {
    for (const char* resource : {"cpu", "io", "memory", "irq"}) files_.emplace_back(settings.procfs + "/pressure/" + resource);
  }

  Result<void> collect(Round& round) override {
    static const std::array<Line, 6> kLines = {{
        {"cpu",
         "some",
         {"node_pressure_cpu_waiting_seconds_total", "Total time in seconds that processes have waited for CPU time",
          TARSIER_SERIES_COUNTER}},
        {"io",
         "some",
         {"node_pressure_io_waiting_seconds_total", "Total time in seconds that processes have waited due to IO congestion",
          TARSIER_SERIES_COUNTER}},
        {"io",
         "full",
         {"node_pressure_io_stalled_seconds_total", "Total time in seconds no process could make progress due to IO congestion",
          TARSIER_SERIES_COUNTER}},
        {"memory",
         "some",
         {"node_pressure_memory_waiting_seconds_total", "Total time in seconds that processes have waited for memory",
          TARSIER_SERIES_COUNTER}},
        {"memory",
         "full",
         {"node_pressure_memory_stalled_seconds_total",
          "Total time in seconds no process could make progress due to memory congestion", TARSIER_SERIES_COUNTER}},
        {"irq",
         "full",
         {"node_pressure_irq_stalled_seconds_total", "Total time in seconds no process could make progress due to IRQ congestion",
          TARSIER_SERIES_COUNTER}},
    }};
    size_t found = 0;
    for (KeptFile& file : files_) {
      auto text = file.read(round.buffer);
      if (!text) continue;  // irq needs Linux 6.1
      ++found;
      const std::string_view resource = std::string_view(file.path()).substr(file.path().rfind('/') + 1);
      while (!text->empty()) {
        std::string_view line = take_line(*text);
        const std::string_view share = take_word(line);
        const size_t total = line.find("total=");
        const auto microseconds = total == std::string_view::npos ? std::nullopt : to_number(line.substr(total + 6));
        for (const Line& known : kLines)
          if (microseconds && known.resource == resource && known.share == share)
            round.page.add(round.page.family(known.family), *microseconds / 1e6);
      }
    }
    if (found == 0) return Error::not_found("no pressure information: it needs Linux 4.20 with psi=1");
    return {};
  }

 private:
  std::vector<KeptFile> files_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_pressure(const Settings& settings) {
  return std::unique_ptr<Collector>(new Pressure(settings));
}

}  // namespace tarsier::node
