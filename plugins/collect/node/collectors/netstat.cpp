// netstat: counters of the network protocols, from /proc/net/netstat, snmp (a line of names, a line of values) and snmp6.
#include "plugins/collect/node/collector.hpp"
#include "plugins/collect/node/fields.hpp"
#include "plugins/collect/node/filter.hpp"

namespace tarsier::node {
namespace {

constexpr const char* kFields =
    "^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|"
    "TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|"
    "Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|"
    "Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$";

class NetStat final : public Collector {
 public:
  NetStat(const Settings& settings, Filter fields)
      : netstat_(settings.procfs + "/net/netstat"),
        snmp_(settings.procfs + "/net/snmp"),
        snmp6_(settings.procfs + "/net/snmp6"),
        fields_(std::move(fields)) {}

  Result<void> collect(Round& round) override {
    place_ = 0;
    for (KeptFile* file : {&netstat_, &snmp_}) {
      auto text = file->read(round.buffer);
      if (!text) return std::move(text).error();
      while (!text->empty()) {
        std::string_view names = take_line(*text), values = take_line(*text);
        const std::string_view protocol = take_word(names);
        if (!protocol.ends_with(':') || take_word(values) != protocol) return Error::invalid("unexpected line of " + file->path());
        while (!names.empty() && !values.empty()) {
          const std::string_view field = take_word(names);
          add(round.page, protocol.substr(0, protocol.size() - 1), field, take_word(values));
        }
      }
    }
    auto text = snmp6_.read(round.buffer);
    if (!text) return {};  // no IPv6
    while (!text->empty()) {
      std::string_view line = take_line(*text);
      const std::string_view name = take_word(line);
      const size_t six = name.find('6');
      if (six != std::string_view::npos) add(round.page, name.substr(0, six + 1), name.substr(six + 1), take_word(line));
    }
    return {};
  }

 private:
  void add(Page& page, std::string_view protocol, std::string_view field, std::string_view text) {
    key_.assign(protocol).append("_").append(field);
    if (!fields_.matches(key_)) return;
    const auto value = to_number(text);
    if (!value) return;
    const auto family = families_.at(place_++, key_, [&] {
      const std::string help = std::string("Statistic ").append(protocol).append(field).append(".");
      return page.family({"node_netstat_" + key_, help, TARSIER_SERIES_UNKNOWN});
    });
    page.add(family, *value);
  }

  KeptFile netstat_, snmp_, snmp6_;
  Filter fields_;
  FamilyColumn families_;
  std::string key_;
  size_t place_ = 0;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_netstat(const Settings& settings) {
  auto fields = Filter::open(kFields);
  if (!fields) return std::move(fields).error();
  return std::unique_ptr<Collector>(new NetStat(settings, std::move(*fields)));
}

}  // namespace tarsier::node
