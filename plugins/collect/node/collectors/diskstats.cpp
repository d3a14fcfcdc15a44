// diskstats: transfers and times of each block device, from /proc/diskstats; what udev knows of it as labels.
#include <array>
#include <map>

#include "plugins/collect/node/collector.hpp"
#include "plugins/collect/node/fields.hpp"
#include "plugins/collect/node/filter.hpp"

namespace tarsier::node {
namespace {

constexpr double kSectorBytes = 512;
constexpr double kMillisecond = .001;

struct Field {
  std::string_view name, help;
  uint32_t type = TARSIER_SERIES_COUNTER;
  double factor = 1;
};
// In the order of the file, after the device's name.
constexpr std::array<Field, 17> kFields = {{
    {"reads_completed_total", "The total number of reads completed successfully."},
    {"reads_merged_total", "The total number of reads merged."},
    {"read_bytes_total", "The total number of bytes read successfully.", TARSIER_SERIES_COUNTER, kSectorBytes},
    {"read_time_seconds_total", "The total number of seconds spent by all reads.", TARSIER_SERIES_COUNTER, kMillisecond},
    {"writes_completed_total", "The total number of writes completed successfully."},
    {"writes_merged_total", "The number of writes merged."},
    {"written_bytes_total", "The total number of bytes written successfully.", TARSIER_SERIES_COUNTER, kSectorBytes},
    {"write_time_seconds_total", "This is the total number of seconds spent by all writes.", TARSIER_SERIES_COUNTER, kMillisecond},
    {"io_now", "The number of I/Os currently in progress.", TARSIER_SERIES_GAUGE},
    {"io_time_seconds_total", "Total seconds spent doing I/Os.", TARSIER_SERIES_COUNTER, kMillisecond},
    {"io_time_weighted_seconds_total", "The weighted # of seconds spent doing I/Os.", TARSIER_SERIES_COUNTER, kMillisecond},
    {"discards_completed_total", "The total number of discards completed successfully."},
    {"discards_merged_total", "The total number of discards merged."},
    {"discarded_sectors_total", "The total number of sectors discarded successfully."},
    {"discard_time_seconds_total", "This is the total number of seconds spent by all discards.", TARSIER_SERIES_COUNTER,
     kMillisecond},
    {"flush_requests_total", "The total number of flush requests completed successfully"},
    {"flush_requests_time_seconds_total", "This is the total number of seconds spent by all flush requests.",
     TARSIER_SERIES_COUNTER, kMillisecond},
}};

struct Udev {
  std::string model, path, revision, serial, wwn;
};

class DiskStats final : public Collector {
 public:
  DiskStats(const Settings& settings, Filter exclude)
      : file_(settings.procfs + "/diskstats"), udev_(settings.udev), exclude_(std::move(exclude)) {}

  Result<void> collect(Round& round) override {
    auto text = file_.read(round.buffer);
    if (!text) return std::move(text).error();
    if (families_.empty()) make_families(round.page);
    ReadBuffer udev_buffer;
    while (!text->empty()) {
      std::string_view line = take_line(*text);
      const std::string_view major = take_word(line), minor = take_word(line), device = take_word(line);
      if (device.empty() || exclude_.matches(device)) continue;
      const Udev& known = udev(major, minor, udev_buffer);
      round.page.add(info_, {device, major, minor, known.model, known.path, known.revision, known.serial, known.wwn}, 1);
      for (size_t i = 0; i < kFields.size(); ++i) {  // older kernels have fewer fields
        const auto value = to_number(take_word(line));
        if (!value) break;
        round.page.add(families_[i], {device}, kFields[i].factor == 1 ? *value : *value * kFields[i].factor);
      }
    }
    return {};
  }

 private:
  void make_families(Page& page) {
    for (const Field& field : kFields)
      families_.push_back(page.family({"node_disk_" + std::string(field.name), field.help, field.type, {"device"}}));
    info_ = page.family({"node_disk_info",
                         "Info of /sys/block/<block_device>.",
                         TARSIER_SERIES_GAUGE,
                         {"device", "major", "minor", "model", "path", "revision", "serial", "wwn"}});
  }

  /// Read when the device is first seen: a device that is replaced gets other numbers or other udev data after a restart only.
  const Udev& udev(std::string_view major, std::string_view minor, ReadBuffer& buffer) {
    std::string number = std::string(major).append(":").append(minor);
    const auto [found, made] = known_.try_emplace(std::move(number));
    if (!made) return found->second;
    Udev& entry = found->second;
    auto text = read_once(udev_ + "/b" + found->first, buffer);
    if (!text) return entry;  // no udev here: the labels stay empty
    while (!text->empty()) {
      std::string_view line = take_line(*text);
      const auto is = [&](std::string_view key) { return line.starts_with(key) ? (line.remove_prefix(key.size()), true) : false; };
      if (is("E:ID_MODEL="))
        entry.model = line;
      else if (is("E:ID_PATH="))
        entry.path = line;
      else if (is("E:ID_REVISION="))
        entry.revision = line;
      else if (is("E:ID_SERIAL_SHORT="))
        entry.serial = line;
      else if (is("E:ID_WWN="))
        entry.wwn = line;
    }
    return entry;
  }

  KeptFile file_;
  std::string udev_;
  Filter exclude_;
  std::map<std::string, Udev> known_;
  std::vector<Page::FamilyId> families_;
  Page::FamilyId info_ = 0;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_diskstats(const Settings& settings) {
  auto exclude = Filter::open(settings.disk_device_exclude);
  if (!exclude) return std::move(exclude).error();
  return std::unique_ptr<Collector>(new DiskStats(settings, std::move(*exclude)));
}

}  // namespace tarsier::node
