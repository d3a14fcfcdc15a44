// netdev: traffic of each network interface, from /proc/net/dev; what found no handler, from /sys.
#include <array>
#include <map>

#include "plugins/collect/node/collector.hpp"
#include "plugins/collect/node/fields.hpp"
#include "plugins/collect/node/filter.hpp"

namespace tarsier::node {
namespace {

// In the order of the file.
constexpr std::array<std::string_view, 16> kFields = {
    "receive_bytes",      "receive_packets",   "receive_errs",     "receive_drop",       "receive_fifo",  "receive_frame",
    "receive_compressed", "receive_multicast", "transmit_bytes",   "transmit_packets",   "transmit_errs", "transmit_drop",
    "transmit_fifo",      "transmit_colls",    "transmit_carrier", "transmit_compressed"};

class NetDev final : public Collector {
 public:
  NetDev(const Settings& settings, Filter exclude)
      : file_(settings.procfs + "/net/dev"), sysfs_(settings.sysfs), exclude_(std::move(exclude)) {}

  Result<void> collect(Round& round) override {
    auto text = file_.read(round.buffer);
    if (!text) return std::move(text).error();
    if (families_.empty()) {
      for (const std::string_view field : kFields) families_.push_back(family(round.page, field));
      no_handler_ = family(round.page, "receive_nohandler");
    }
    ++round_;
    while (!text->empty()) {
      std::string_view line = take_line(*text);
      const size_t colon = line.rfind(':');
      if (colon == std::string_view::npos) continue;  // the two head lines
      const std::string_view device = trim(line.substr(0, colon));
      line.remove_prefix(colon + 1);
      if (exclude_.matches(device)) continue;
      for (const Page::FamilyId id : families_)
        if (const auto value = to_number(take_word(line))) round.page.add(id, {device}, *value);
      add_no_handler(round.page, device);
    }
    std::erase_if(no_handler_files_, [&](const auto& entry) { return entry.second.round != round_; });
    return {};
  }

 private:
  struct Device {
    KeptFile file;
    uint64_t round = 0;
  };
  static Page::FamilyId family(Page& page, std::string_view field) {
    const std::string name(field);
    return page.family(
        {"node_network_" + name + "_total", "Network device statistic " + name + ".", TARSIER_SERIES_COUNTER, {"device"}});
  }
  void add_no_handler(Page& page, std::string_view device) {
    auto found = no_handler_files_.find(device);
    if (found == no_handler_files_.end()) {
      std::string path = sysfs_ + "/class/net/" + std::string(device) + "/statistics/rx_nohandler";
      found = no_handler_files_.emplace(std::string(device), Device{KeptFile(std::move(path))}).first;
    }
    found->second.round = round_;
    const auto text = found->second.file.read(small_buffer_);
    if (!text) return;  // kernels before 4.6, and interfaces of another namespace
    if (const auto value = to_number(trim(*text))) page.add(no_handler_, {device}, *value);
  }

  KeptFile file_;
  std::string sysfs_;
  Filter exclude_;
  std::vector<Page::FamilyId> families_;
  Page::FamilyId no_handler_ = 0;
  std::map<std::string, Device, std::less<>> no_handler_files_;
  ReadBuffer small_buffer_;
  uint64_t round_ = 0;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_netdev(const Settings& settings) {
  auto exclude = Filter::open(settings.network_device_exclude);
  if (!exclude) return std::move(exclude).error();
  return std::unique_ptr<Collector>(new NetDev(settings, std::move(*exclude)));
}

}  // namespace tarsier::node
