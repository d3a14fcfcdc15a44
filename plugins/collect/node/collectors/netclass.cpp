// netclass: properties of each network interface, from /sys/class/net.
#include <array>
#include <dirent.h>
#include <map>

#include "plugins/collect/node/collector.hpp"
#include "plugins/collect/node/fields.hpp"
#include "plugins/collect/node/filter.hpp"

namespace tarsier::node {
namespace {

struct Property {
  const char* file;
  std::string_view name;
  uint32_t type = TARSIER_SERIES_GAUGE;
};
constexpr std::array<Property, 17> kProperties = {{{"addr_assign_type", "address_assign_type"},
                                                   {"carrier", "carrier"},
                                                   {"carrier_changes", "carrier_changes_total", TARSIER_SERIES_COUNTER},
                                                   {"carrier_up_count", "carrier_up_changes_total", TARSIER_SERIES_COUNTER},
                                                   {"carrier_down_count", "carrier_down_changes_total", TARSIER_SERIES_COUNTER},
                                                   {"dev_id", "device_id"},
                                                   {"dormant", "dormant"},
                                                   {"flags", "flags"},
                                                   {"ifindex", "iface_id"},
                                                   {"iflink", "iface_link"},
                                                   {"link_mode", "iface_link_mode"},
                                                   {"mtu", "mtu_bytes"},
                                                   {"name_assign_type", "name_assign_type"},
                                                   {"netdev_group", "net_dev_group"},
                                                   {"speed", "speed_bytes"},
                                                   {"tx_queue_len", "transmit_queue_length"},
                                                   {"type", "protocol_type"}}};
constexpr size_t kSpeed = 14;
constexpr double kBytesPerMegabit = 1000.0 * 1000.0 / 8.0;
constexpr std::array<const char*, 5> kTexts = {"address", "broadcast", "duplex", "ifalias", "operstate"};
// Beyond so many interfaces (hosts with many containers) files are opened each time, to spare descriptors.
constexpr size_t kKeptInterfaces = 16;

struct Interface {
  std::vector<KeptFile> files;
  uint64_t round = 0;
};

class NetClass final : public Collector {
 public:
  NetClass(const Settings& settings, Filter exclude) : folder_(settings.sysfs + "/class/net"), exclude_(std::move(exclude)) {}

  Result<void> collect(Round& round) override {
    if (families_.empty()) make_families(round.page);
    DIR* folder = ::opendir(folder_.c_str());
    if (folder == nullptr) return Error::not_found("no folder " + folder_);
    ++round_;
    while (const dirent* entry = ::readdir(folder)) {
      const std::string_view device = entry->d_name;
      if (device.front() == '.' || exclude_.matches(device)) continue;
      auto found = interfaces_.find(device);
      if (found == interfaces_.end()) found = interfaces_.emplace(std::string(device), open(device)).first;
      found->second.round = round_;
      add(round, found->first, found->second);
    }
    ::closedir(folder);
    size_t kept = 0;
    std::erase_if(interfaces_, [&](const auto& entry) { return entry.second.round != round_ || ++kept > kKeptInterfaces; });
    return {};
  }

 private:
  void make_families(Page& page) {
    for (const Property& property : kProperties) {
      const std::string name(property.name);
      families_.push_back(page.family({"node_network_" + name, "Network device property: " + name, property.type, {"device"}}));
    }
    up_ = page.family({"node_network_up", "Value is 1 if operstate is 'up', 0 otherwise.", TARSIER_SERIES_GAUGE, {"device"}});
    info_ = page.family({"node_network_info",
                         "Non-numeric data from /sys/class/net/<iface>, value is always 1.",
                         TARSIER_SERIES_GAUGE,
                         {"address", "broadcast", "device", "duplex", "ifalias", "operstate"}});
  }

  Interface open(std::string_view device) const {
    const std::string folder = folder_ + "/" + std::string(device) + "/";
    Interface interface;
    for (const Property& property : kProperties) interface.files.emplace_back(folder + property.file);
    for (const char* text : kTexts) interface.files.emplace_back(folder + text);
    return interface;
  }

  /// Properties that a driver does not have cannot be read, and are left out.
  void add(Round& round, std::string_view device, Interface& interface) {
    for (size_t i = 0; i < kProperties.size(); ++i) {
      const auto text = interface.files[i].read(round.buffer);
      if (!text) continue;
      const std::string_view word = trim(*text);
      const auto number = word.starts_with("0x") ? to_integer(word, 16) : std::nullopt;
      const auto value = number ? std::optional(static_cast<double>(*number)) : to_number(word);
      if (value) round.page.add(families_[i], {device}, i == kSpeed ? *value * kBytesPerMegabit : *value);
    }
    std::array<std::string, kTexts.size()> texts;
    for (size_t i = 0; i < kTexts.size(); ++i)
      if (const auto text = interface.files[kProperties.size() + i].read(round.buffer)) texts[i] = trim(*text);
    round.page.add(up_, {device}, texts[4] == "up" ? 1 : 0);
    round.page.add(info_, {texts[0], texts[1], device, texts[2], texts[3], texts[4]}, 1);
  }

  std::string folder_;
  Filter exclude_;
  std::map<std::string, Interface, std::less<>> interfaces_;
  std::vector<Page::FamilyId> families_;
  Page::FamilyId up_ = 0, info_ = 0;
  uint64_t round_ = 0;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_netclass(const Settings& settings) {
  auto exclude = Filter::open(settings.network_device_exclude);
  if (!exclude) return std::move(exclude).error();
  return std::unique_ptr<Collector>(new NetClass(settings, std::move(*exclude)));
}

}  // namespace tarsier::node
