# shellcheck shell=bash
# What a receiver checks with, and what the submission server signs with.

# OpenDKIM: verifies at the receiving server, signs at the submission server.
cat > "$LAB/etc/opendkim-mx.conf" <<E
Mode                    v
Socket                  inet:8891@$N.0.25
AuthservID              $MXHOST
AlwaysAddARHeader       yes
ResolverConfiguration   $LAB/etc/libunbound.conf
DNSTimeout              5
On-Default              accept
Syslog                  yes
SyslogSuccess           yes
LogWhy                  yes
UMask                   002
PidFile                 $LAB/dkim/mx.pid
E
cat > "$LAB/etc/opendkim-sub.conf" <<E
Mode                    s
Socket                  inet:8892@$N.0.87
InternalHosts           0.0.0.0/0
Canonicalization        relaxed/relaxed
OversignHeaders         From
MinimumKeyBits          0
RequireSafeKeys         no
KeyTable                file:$LAB/etc/KeyTable
SigningTable            refile:$LAB/etc/SigningTable
MultipleSignatures      yes
ResolverConfiguration   $LAB/etc/libunbound.conf
Syslog                  yes
SyslogSuccess           yes
PidFile                 $LAB/dkim/sub.pid
E
: > "$LAB/etc/KeyTable"; : > "$LAB/etc/SigningTable"
for k in "$LAB"/keys/*.pem; do
  n=$(basename "$k" .pem); sel=${n%%.*}; dom=${n#*.}
  echo "$n $dom:$sel:$k" >> "$LAB/etc/KeyTable"
  [ "$dom" = mailer-service.test ] || [ "$sel" = ed1 ] || echo "*@$dom $n" >> "$LAB/etc/SigningTable"
done
# the ESP signs its customers' mail with its own domain
echo "*@customer.test esp.mailer-service.test"       >> "$LAB/etc/SigningTable"
echo "*@mailer-service.test esp.mailer-service.test" >> "$LAB/etc/SigningTable"

# OpenDMARC reports, and refuses nothing. Under a top-level domain that the public suffix list lacks it finds no
# organizational domain: ours is added.
PSL=$LAB/etc/psl.dat
{ cat "$(dpkg -L publicsuffix | grep -m1 'public_suffix_list\.dat$')"; printf '\ntest\n'; } > "$PSL"
echo 192.0.2.254 > "$LAB/etc/dmarc-ignore"
cat > "$LAB/etc/opendmarc.conf" <<E
Socket                  inet:8893@$N.0.25
AuthservID              $MXHOST
TrustedAuthservIDs      $MXHOST
IgnoreHosts             $LAB/etc/dmarc-ignore
PublicSuffixList        $PSL
SPFIgnoreResults        no
SPFSelfValidate         no
RejectFailures          no
Syslog                  yes
Background              no
PidFile                 $LAB/dkim/dmarc.pid
E
# SPF policy service.
cat > "$LAB/etc/policyd-spf.conf" <<E
debugLevel = 2
TestOnly = 1
HELO_reject = False
Mail_From_reject = False
PermError_reject = False
TempError_Defer = False
Header_Type = AR
Authserv_Id = $MXHOST
Hide_Receiver = No
skip_addresses = 192.0.2.254/32
E
