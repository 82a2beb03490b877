import { COMMON_WORDS } from './password-common-words.ts';

/**
 * What Indonesians build passwords from, beyond the world's favourites: in small letters and without blanks, since
 * capitals, l33t spelling and endings are undone before the look-up.
 */
const FAVOURITES = `
  indonesia indonesiaraya indonesiaku indonesiamerdeka indonesiajaya indonesiamaju garuda garudaku pancasila merdeka merahputih nusantara bhinneka
  bhinekatunggalika tunggalika proklamasi soekarno sukarno soeharto suharto habibie gusdur megawati jokowi prabowo presiden negara negaraku bangsa
  rakyat republik nkri nkrihargamati hargamati pahlawan pemuda sumpahpemuda reformasi

  rahasia rahasiaku rahasianegara sandi katasandi sandiku kunci kunciku buka bukapintu masuk daftar akun akunku login loginku admin administrator
  password passwordku passwd paswod pasword passku sandirahasia lupa lupasandi lupapassword tidaktahu gatau gaktau terserah apaaja apasaja coba
  cobacoba mencoba pengguna selamatdatang selamat selamatpagi

  siapkerja siapkerjaid siapkerjaku kemnaker kemenaker kemnakerri kemenakertrans depnaker disnaker disnakertrans naker naketrans ketenagakerjaan
  tenagakerja karirhub skillhub bizhub sertihub siapkerjasso ayokitakerja prakerja kartuprakerja magang magangnasional pelatihan lowongan
  lowongankerja loker pencaker pencarikerja kerja kerjakeras kerjacerdas kerjasama bekerja karyawan pegawai buruh pekerja honorer magangku gaji gajian
  bpjs bpjstk jamsostek taspen blk balailatihankerja kartukuning karir kemendikbud kemenag kemenkes kemenkeu kemenkumham kemendagri kemensos kemenhub
  kemenpan kemenpanrb kemhan kemlu kominfo kementan kementerian kementrian dukcapil disdukcapil ktp ektp kartukeluarga pajak djponline bapenda bumn
  pertamina telkom telkomsel indosat smartfren plnku brimo mandiri bcaku brilink pegadaian tokopedia shopee bukalapak gojek traveloka lazada dana
  linkaja whatsapp facebook instagram tiktok youtube google gmail yahoo android iphone xiaomi oppo vivo realme samsung asn pnsku cpns pppk polri tnial
  tniad brimob

  bismillah bismillahirrahmanirrahim alhamdulillah subhanallah masyaallah mashaallah insyaallah inshaallah astaghfirullah astagfirullah allahuakbar
  allah allahku muhammad rasulullah nabimuhammad laailahaillallah lailahaillallah assalamualaikum waalaikumsalam amin aamiin amiin barakallah ramadhan
  ramadan lebaran idulfitri puasa sholat shalat tahajud islam islamku muslim muslimah masjid ustadz pesantren santri hidayah syukur berkah barokah
  doaibu doaku tuhan tuhanku tuhanyesus yesus yesuskristus yesusku jesus yesuslove kristus haleluya halleluya halleluyah puji pujituhan gereja natal
  bundamaria rohkudus immanuel imanuel filadelfia buddha namobuddhaya omswastiastu swastiastu hindu katolik kristen alfatihah alikhlas ayatkursi

  sayang sayangku sayangkamu sayangmama sayangibu sayanganak sayangselamanya cinta cintaku cintakamu cintasejati cintaibu cintaindonesia akucinta
  akucintakamu akucintaindonesia akusayangkamu akusayang akukamu kamuaku kamu kasih kasihku kekasih kekasihku kangen rindu rinduku pacar pacarku jodoh
  jodohku suami suamiku istri istriku mantan jomblo jomblobahagia setia selamanya bahagia bahagiaselalu senyum semangat semangatku sukses suksesselalu
  suksesku berhasil bisa pastibisa akubisa sabar ikhlas jujur pasrah harapan impian mimpi mimpiku masadepan cantik ganteng manis imut gendut kurus
  jelek bodoh goblok anjing bangsat babi monyet tolol kampret mama mamaku papa papaku mamapapa papamama ibu ibuku ibubapak bapak bapakku ayah ayahku
  bunda bundaku ayahbunda abah umi abi anak anakku anaksoleh anaksholeh anaksholehah kakak adik adikku keluarga keluargaku keluargabahagia rumah
  rumahku temanku sahabat sahabatku teman buahhati bayi dedek nenek kakek tante

  januari februari maret april juni juli agustus september oktober nopember november desember senin selasa rabu kamis jumat sabtu minggu pagi siang
  malam malamminggu tahunbaru hutri dirgahayu tujuhbelasagustus sekarang satuduatiga bintang bulan matahari langit pelangi mawar melati anggrek
  kamboja kucing kucingku kelinci harimau macan singa elang rajawali naga gajah komodo ikan burung merpati merah putih hitam biru hijau kuning ungu
  pink nasigoreng bakso sate rendang indomie soto tehmanis esteh mangga durian pisang motor mobil honda yamaha suzuki vario beat ninja supra avanza
  rossi marquez

  jakarta jakartaku bandung bandungku surabaya semarang medan makassar palembang tangerang bekasi depok bogor malang yogyakarta jogja jogjakarta
  djogja solo surakarta denpasar bali baliku lombok mataram kupang ambon manado gorontalo palu kendari ternate jayapura papua sorong merauke manokwari
  nabire wamena pontianak banjarmasin balikpapan samarinda palangkaraya tarakan batam pekanbaru riau padang bukittinggi jambi bengkulu lampung
  bandarlampung pangkalpinang bangka belitung aceh bandaaceh serang cilegon banten cirebon tasikmalaya garut sukabumi cianjur purwakarta karawang
  subang indramayu majalengka kuningan sumedang tegal brebes pekalongan kudus demak jepara pati purwokerto banyumas cilacap kebumen magelang salatiga
  klaten sukoharjo wonogiri sragen boyolali karanganyar madiun ngawi ponorogo pacitan kediri blitar tulungagung trenggalek jember banyuwangi lumajang
  probolinggo pasuruan mojokerto jombang sidoarjo gresik lamongan tuban bojonegoro madura pamekasan sumenep bangkalan singaraja gianyar badung tabanan
  sumbawa bima flores maumere ende singkawang ketapang sampit bontang kutai mahakam sulawesi kalimantan sumatera sumatra jawa jawabarat jawatengah
  jawatimur maluku borneo toraja bugis minahasa dayak batak minang sunda betawi melayu siantar binjai tapanuli toba danautoba nias dumai siak monas
  borobudur prambanan bromo semeru merapi rinjani krakatau ancol malioboro

  persija persijajakarta thejak thejakmania jakmania persib persibbandung persibku bobotoh viking vikingpersib maung maungbandung arema aremania
  aremaindonesia singoedan persebaya bonek bonekmania psms psm psmmakassar persipura persela semenpadang sriwijaya sriwijayafc baliunited borneofc
  barito psis psissemarang persis persissolo pssleman pasopati slemania brajamusti psim timnas timnasindonesia garudamuda sepakbola bolaku barcelona
  barca realmadrid madrid madridista hala halamadrid juventus juve juventini intermilan interisti acmilan milan milanisti manchester manchesterunited
  manunited mancity chelsea chelseafc liverpool liverpoolfc arsenal arsenalfc gooner gunners ronaldo cristiano cronaldo messi lionelmessi neymar
  mbappe bambangpamungkas

  agus budi bambang dewi dewiku sri siti rina ratna wati yanti lestari wulan wulandari putra putri putriku rizki rizky riski fitri fitria fitriani
  nurul nurhayati aisyah aisyahku fatimah fatima khadijah zahra ahmad akhmad achmad muhamad mohammad abdullah abdul ibrahim yusuf ismail umar usman
  ali hasan husein husain joko slamet sugeng suparman supriyadi sutrisno wahyu wahyudi hendra hendri indra irfan iqbal fajar dimas bagus bayu eko dwi
  tri catur adi aditya arif arief andi andika andre anton yudi yoga rudi ridwan reza rahmat hidayat santoso setiawan kurniawan gunawan hermawan wijaya
  saputra pratama permana nugroho susanto hartono maulana firmansyah ramadhani syahputra cahya cahyo kartika intan permata mutiara indah ayu ayuku
  maya mega novi novita linda lina diana dian desi desy rini yuni yuli yulia tuti tika sari sinta rama shinta nita nia lia mia ika eka
`;

const KEYBOARD = `
  qwerty qwertyu qwertyui qwertyuiop asdf asdfg asdfgh asdfghj asdfghjk asdfghjkl zxcv zxcvb zxcvbn zxcvbnm qazwsx qazwsxedc qaz wsx edc
  1qaz 2wsx 3edc 4rfv 5tgb 1qaz2wsx 1qaz2wsx3edc zaq1 xsw2 zaq12wsx !qaz @wsx #edc 1q2w3e 1q2w3e4r 1q2w3e4r5t q1w2e3 q1w2e3r4 q1w2e3r4t5
  a1b2c3 a1b2c3d4 1a2b3c 1a2b3c4d qweasd qweasdzxc asdqwe zxcasdqwe qwaszx poiuy poiuytrewq lkjhg lkjhgfdsa mnbvc mnbvcxz qwe asd zxc
`;

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

export const BLOCKED_WORDS: ReadonlySet<string> = new Set([
  ...words(FAVOURITES),
  ...words(KEYBOARD),
  ...words(COMMON_WORDS),
]);

export const LONGEST_BLOCKED_WORD: number = Math.max(...Array.from(BLOCKED_WORDS, (word) => word.length));
